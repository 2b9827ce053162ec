// What `#[anyrt::test]` leaves to the facade, for this is no test.
async fn run(_: impl anyrt::Runtime) {}

anyrt::__tests! { run, 1, }

fn main() {}
