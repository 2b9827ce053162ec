fn needs<R: anyrt::Runtime>() {}

fn main() {
    needs::<anyrt::DefaultRuntime>();
}
