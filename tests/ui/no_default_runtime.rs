fn main() {
    anyrt::run(async {
        anyrt::sleep(std::time::Duration::ZERO).await;
    });
}
