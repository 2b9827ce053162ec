use anyrt::prelude::*;

fn main() {
    let rc = std::rc::Rc::new(1);
    let rt = anyrt::smol::Smol::default();
    drop(rt.spawn(async move { *rc }));
}
