//! The contract, on the simulator.

anyrt_conformance::suite!(anyrt_sim::SimRuntime::new(7));
