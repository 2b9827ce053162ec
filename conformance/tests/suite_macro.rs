//! `suite!` as a third party uses it: a backend without fault, and one whose fault is expected.

mod broken;

mod sound {
    use crate::broken::{Broken, Fault};

    anyrt_conformance::suite!(Broken::new(Fault::None));
}

mod expected {
    use crate::broken::{Broken, Fault};

    anyrt_conformance::suite!(Broken::new(Fault::CapacityZero), expectations = "known.txt");
}
