//! Every document fits its schema.

use super::world::World;
use crate::support::output;

#[test]
fn every_document_matches_its_schema() {
    let schemas = qli::testing::report::schemas();
    let (_, schema) = schemas
        .iter()
        .find(|(name, _)| *name == "audit-report")
        .unwrap();
    let validator = jsonschema::validator_for(schema.as_value()).unwrap();
    let world = World::new()
        .script("killed", "kill -9 $PPID")
        .script("stopped", "kill $$");
    world.run(2);
    for words in [
        vec!["g", "e", "7", "x\u{1b}"],
        vec!["g", "killed"],
        vec!["g", "stopped"],
    ] {
        output(&mut world.qli(words));
    }
    let head = output(&mut world.qli(["-q", "audit", "head", "--format", "json"]));
    std::fs::write(world.path("anchor"), head.stdout).unwrap();
    let broken = world.text().replace("\"exit_code\":7", "\"exit_code\":0");
    std::fs::write(world.path("broken"), format!("hello\n{broken}{{")).unwrap();
    std::fs::write(world.path("cut"), world.text().lines().next().unwrap()).unwrap();
    let (_, list) = world.audit(&["list"]);
    let killed = list["runs"][3]["run_id"].as_str().unwrap();
    for words in [
        vec!["list"],
        vec!["list", "--group", "none"],
        vec!["unfinished"],
        vec!["show", killed],
        vec!["head"],
        vec!["verify"],
        vec!["verify", "--anchor", "anchor"],
        vec!["verify", "--anchor", "anchor", "state/log", "cut"],
        vec!["verify", "broken"],
    ] {
        let (_, document) = world.audit(&words);
        let fits = validator
            .validate(&document)
            .map_err(|error| error.to_string());
        assert_eq!(fits, Ok(()), "{words:?}: {document:#}");
    }
}
