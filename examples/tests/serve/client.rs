//! A client that blocks, and says no more than it is told to.

use std::{
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// A test that hangs is to fail.
const LONG: Duration = Duration::from_secs(60);

pub(crate) struct Client(pub(crate) BufReader<TcpStream>);

/// A response.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Page {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("somebody listens");
        stream.set_read_timeout(Some(LONG)).expect("a limit");
        stream.set_write_timeout(Some(LONG)).expect("a limit");
        Self(BufReader::new(stream))
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).expect("sent");
    }

    /// Sends a request, and does not wait for its response.
    pub(crate) fn begin(&mut self, method: &str, path: &str, headers: &[(&str, &str)]) {
        let headers = headers
            .iter()
            .map(|(key, value)| format!("{key}: {value}\r\n"));
        let headers: String = headers.collect();
        self.send(&format!(
            "{method} {path} HTTP/1.1\r\nhost: test\r\n{headers}\r\n"
        ));
    }

    pub(crate) fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)]) -> Page {
        self.begin(method, path, headers);
        self.answer(method == "HEAD")
    }

    pub(crate) fn get(&mut self, path: &str) -> Page {
        self.ask("GET", path, &[])
    }

    pub(crate) fn json(&mut self, path: &str) -> serde_json::Value {
        let page = self.get(path);
        assert_eq!(page.status, 200, "{}", page.text());
        serde_json::from_slice(&page.body).expect("JSON")
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    }

    /// The response to what was sent.
    pub(crate) fn answer(&mut self, is_head: bool) -> Page {
        let status = self.line();
        let status = status
            .strip_prefix("HTTP/1.1 ")
            .unwrap_or_else(|| panic!("{status:?}"));
        let status = status[..3].parse().expect("a status");
        let mut headers = Vec::new();
        while let line = self.line()
            && !line.is_empty()
        {
            let (key, value) = line.split_once(": ").expect("a header");
            headers.push((key.to_owned(), value.to_owned()));
        }
        let mut page = Page {
            status,
            headers,
            body: Vec::new(),
        };
        let has_body = !is_head && status != 304;
        let length = page.header("content-length").filter(|_| has_body);
        let length = length.map_or(0, |length| length.parse().expect("a length"));
        page.body.resize(length, 0);
        self.0.read_exact(&mut page.body).expect("the whole body");
        page
    }

    /// Whether the server has closed the connection, or reset it; waits for that.
    pub(crate) fn is_over(&mut self) -> bool {
        match self.0.read(&mut [0]) {
            Ok(read) => read == 0,
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    }
}
