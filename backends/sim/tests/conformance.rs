//! The contract on the simulator, under each kind of schedule.

mod fifo {
    anyrt_conformance::suite!(
        anyrt_sim::SimRuntime::new(14),
        expectations = "undriven.txt"
    );
}

mod random {
    anyrt_conformance::suite!(anyrt_sim::SimRuntime::new(10), expectations = "random.txt");
}

mod pct {
    anyrt_conformance::suite!(
        anyrt_sim::SimRuntime::new(12),
        expectations = "undriven.txt"
    );
}

#[test]
fn these_seeds_are_of_these_kinds() {
    use anyrt_sim::Schedule;
    assert_eq!(Schedule::of_seed(14), Schedule::Fifo);
    assert_eq!(Schedule::of_seed(10), Schedule::Random);
    assert_eq!(Schedule::of_seed(12), Schedule::Pct { depth: 2 });
}
