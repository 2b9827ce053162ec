struct Client<R: anyrt::Runtime> {
    rt: R,
}

fn main() {
    let _client = Client { rt: "tokio" };
}
