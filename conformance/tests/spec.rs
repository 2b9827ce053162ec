//! `SPEC.md` says what the table says.

use anyrt_conformance::{AREAS, RULES, spec};
use std::collections::HashSet;

const SPEC: &str = include_str!("../SPEC.md");

#[test]
fn spec_matches_table() {
    let (_, rest) = SPEC
        .split_once("<!-- rules:begin -->\n")
        .expect("a begin marker");
    let (block, _) = rest
        .split_once("<!-- rules:end -->")
        .expect("an end marker");
    let generated = spec();
    let [written, generated] =
        [block, &generated].map(|text| text.trim().lines().collect::<Vec<_>>());
    for line in &generated {
        assert!(
            written.contains(line),
            "not in SPEC.md; run `cargo xtask conformance --write`: {line}"
        );
    }
    for line in &written {
        assert!(generated.contains(line), "only in SPEC.md: {line}");
    }
    assert_eq!(written, generated, "in another order");
}

#[test]
fn every_rule_is_in_the_tables_once() {
    for rule in RULES {
        let row = format!("\n| {} |", rule.id);
        assert_eq!(SPEC.matches(&row).count(), 1, "rows of {}", rule.id);
        assert!(
            AREAS.iter().any(|(area, _)| *area == rule.area()),
            "the area of {}",
            rule.id
        );
        assert!(!rule.text.contains('|'), "{} breaks its table", rule.id);
        assert!(rule.text.ends_with('.'), "{} is no sentence", rule.id);
    }
}

#[test]
fn ids_and_names_are_unique_and_agree() {
    let ids: HashSet<_> = RULES.iter().map(|rule| rule.id).collect();
    let names: HashSet<_> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!((ids.len(), names.len()), (RULES.len(), RULES.len()));
    for rule in RULES {
        let (area, number) = rule.id.split_once('-').expect("an id such as SP-2");
        let number: u32 = number.parse().expect("an id such as SP-2");
        let prefix = format!("{}_{number:02}_", area.to_lowercase());
        assert!(
            rule.name.starts_with(&prefix),
            "{} is called {}",
            rule.id,
            rule.name
        );
    }
}
