//! Reads the rows of the tests: which operation, dropped by which test.

use super::operations::Place;
use crate::tidy::{
    File,
    code::{functions_of, words},
};
use std::collections::{BTreeMap, BTreeSet};

/// What drops an operation at each of its points.
const DROPS: &str = "check_cancel";

/// A row of a `table!`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) place: Place,
    /// The module and the function in it.
    pub(super) test: (String, String),
    /// The file of the test.
    pub(super) file: String,
}

/// The rows of a `table!` in a `main.rs`, whose files are below `sources`.
pub(super) fn rows_of(main: &File, sources: &str) -> Vec<Row> {
    let Some((_, table)) = main.text.split_once("\ntable! {") else {
        return Vec::new();
    };
    let table = table.split("\n}").next().unwrap_or_default();
    let folder = main.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let (mut rows, mut file) = (Vec::new(), "");
    // Every other piece stands in quotes; what follows it says what it was.
    let pieces: Vec<&str> = table.split('"').collect();
    for pair in pieces[1..].chunks(2) {
        let [text, after] = pair else { break };
        match after.trim_start().strip_prefix("=>") {
            None => file = text,
            Some(test) => {
                let mut test = words(test).map(str::to_owned);
                let (module, name) = (test.next(), test.next());
                let (module, name) = (module.unwrap_or_default(), name.unwrap_or_default());
                rows.push(Row {
                    place: (format!("{sources}{file}"), (*text).to_owned()),
                    file: format!("{folder}/{module}.rs"),
                    test: (module, name),
                });
            }
        }
    }
    rows
}

/// The functions of each file of tests, with the names in them.
#[derive(Debug)]
pub(super) struct Tests<'a>(BTreeMap<&'a str, Vec<(String, BTreeSet<String>)>>);

impl<'a> Tests<'a> {
    pub(super) fn of(files: &'a [File]) -> Self {
        let files = files.iter().filter(|file| file.path.contains("/tests/"));
        let files = files.filter(|file| file.path.ends_with(".rs"));
        Self(
            files
                .map(|file| (&*file.path, functions_of(file.code.clone())))
                .collect(),
        )
    }

    /// Whether the row's test drops something, and names each of `operations`; what is wrong otherwise.
    pub(super) fn check(&self, row: &Row, kit: &str, operations: &BTreeSet<&str>) -> Vec<String> {
        let names = self.reached(row, kit);
        let (module, name) = &row.test;
        let mut problems = Vec::new();
        if !names.contains(DROPS) {
            problems.push(format!(
                "{}: `{module}::{name}` does not `{DROPS}`",
                row.file
            ));
        }
        // A trait that a test implements has its methods called by others.
        let own = self.0.get(&*row.file).into_iter().flatten();
        let own: BTreeSet<&str> = own.map(|(name, _)| name.as_str()).collect();
        let missing = operations.iter().filter(|one| !own.contains(*one));
        for operation in missing.filter(|one| !names.contains(**one)) {
            problems.push(format!(
                "{}: `{module}::{name}` does not call `{operation}`",
                row.file
            ));
        }
        problems
    }

    /// The names in a test, and in all that it calls of its own file and of the kit.
    fn reached<'b>(&'b self, row: &'b Row, kit: &str) -> BTreeSet<&'b str> {
        let functions = [row.file.as_str(), kit].map(|path| self.0.get(path).into_iter().flatten());
        let functions: Vec<_> = functions.into_iter().flatten().collect();
        let mut reached = BTreeSet::new();
        let mut next = vec![row.test.1.as_str()];
        while let Some(name) = next.pop() {
            for (_, names) in functions.iter().filter(|(known, _)| known == name) {
                let new = names.iter().filter(|one| reached.insert(one.as_str()));
                next.extend(new.map(String::as_str));
            }
        }
        reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File::new(path, text).unwrap()
    }

    const MAIN: &str = "mod a;\n\ntable! {\n    \"room/one.rs\" { \"A::wait\" => a::wait, \"b!\" => a::b }\n    \
                        \"two.rs\" {\n        \"C\" => a::c,\n    }\n}\n\n#[test]\nfn \"no\" => row {}\n";

    #[test]
    fn rows_are_read() {
        let rows = rows_of(&file("x/tests/cancel/main.rs", MAIN), "x/src/");
        let places: Vec<_> = rows
            .iter()
            .map(|row| (&*row.place.0, &*row.place.1))
            .collect();
        assert_eq!(
            places,
            [
                ("x/src/room/one.rs", "A::wait"),
                ("x/src/room/one.rs", "b!"),
                ("x/src/two.rs", "C")
            ]
        );
        assert_eq!(rows[2].test, ("a".to_owned(), "c".to_owned()));
        assert_eq!(rows[2].file, "x/tests/cancel/a.rs");
        assert_eq!(rows_of(&file("x.rs", "fn main() {}"), ""), []);
    }

    #[test]
    fn a_test_has_to_drop_what_it_names() {
        let kit = file(
            "k/tests/kit.rs",
            "fn nothing_stays() {\n    check_cancel();\n}\n",
        );
        let tests = "fn wait() {\n    help(|a| a.wait());\n}\nfn help() {\n    nothing_stays();\n}\n\
                     fn b() {\n    b!();\n}\nfn c() {\n    check_cancel(|c| c.d());\n}\n";
        let files = [kit, file("x/tests/cancel/a.rs", tests)];
        let rows = rows_of(&file("x/tests/cancel/main.rs", MAIN), "");
        let check = |row: usize, names: &[&str]| {
            let names = names.iter().copied().collect();
            Tests::of(&files)
                .check(&rows[row], "k/tests/kit.rs", &names)
                .len()
        };
        assert_eq!(check(0, &["wait"]), 0);
        assert_eq!(check(0, &["wait", "wait_owned"]), 1);
        assert_eq!(check(1, &["b"]), 1, "nothing is dropped");
        assert_eq!(check(2, &["d"]), 0);
        assert_eq!(check(2, &["e"]), 1);
    }
}
