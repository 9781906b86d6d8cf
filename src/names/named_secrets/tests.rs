use super::*;

fn recorded(args: &[&str]) -> Vec<String> {
    let args: Vec<_> = args.iter().map(|arg| Text::from(*arg)).collect();
    let clean = redact_args(&args);
    clean.iter().map(Text::visible).collect()
}

#[test]
fn a_value_may_contain_a_secret_itself() {
    assert!(contains_secret("postgres://u:p@h/db") && !contains_secret("postgres://u@h/db"));
}

#[test]
fn values_of_options_that_promise_a_secret_are_replaced() {
    for (args, expected) in [
        (vec!["--password=x"], vec!["--password=[redacted]"]),
        (
            vec!["--token", "x", "y"],
            vec!["--token", "[redacted]", "y"],
        ),
        (
            vec!["--db-password", "--x"],
            vec!["--db-password", "[redacted]"],
        ),
        (vec!["API_TOKEN=x y"], vec!["API_TOKEN=[redacted]"]),
        (vec!["--api-key=x=y"], vec!["--api-key=[redacted]"]),
        (vec!["--secret="], vec!["--secret="]),
        (vec!["token", "x"], vec!["token", "x"]),
        (vec!["--tokens", "x"], vec!["--tokens", "x"]),
        (vec!["--key-file=x"], vec!["--key-file=x"]),
        (vec!["--secret-key=x"], vec!["--secret-key=[redacted]"]),
        (vec!["--db-passwd", "x"], vec!["--db-passwd", "[redacted]"]),
        (vec!["--pass", "x"], vec!["--pass", "[redacted]"]),
        (
            vec!["--ask-password", "--password", "x"],
            vec!["--ask-password", "[redacted]", "[redacted]"],
        ),
        (
            vec!["--token", "--token", "x", "y"],
            vec!["--token", "[redacted]", "[redacted]", "y"],
        ),
        (
            vec!["--show-token", "-u", "me:x"],
            vec!["--show-token", "[redacted]", "me:[redacted]"],
        ),
        (
            vec!["--password", "--", "x", "y"],
            vec!["--password", "[redacted]", "[redacted]", "y"],
        ),
        (
            vec!["-u", "--", "me:x", "y"],
            vec!["-u", "--", "me:[redacted]", "y"],
        ),
        (vec!["--", "x"], vec!["--", "x"]),
        (vec!["--public-key", "x"], vec!["--public-key", "x"]),
        (vec!["--pwd-file", "x"], vec!["--pwd-file", "x"]),
        (vec!["-u", "me:x", "y"], vec!["-u", "me:[redacted]", "y"]),
        (vec!["--user", "1000:1000"], vec!["--user", "1000:1000"]),
        (vec!["-u", "https://h"], vec!["-u", "https://h"]),
        (vec!["-U", "postgres", "y"], vec!["-U", "postgres", "y"]),
        (
            vec!["-e", "PGPASSWORD=x"],
            vec!["-e", "PGPASSWORD=[redacted]"],
        ),
    ] {
        assert_eq!(recorded(&args), expected);
    }
}

#[test]
fn secrets_inside_one_argument_are_replaced_too() {
    for (arg, expected) in [
        ("--env=PGPASSWORD=S", "--env=PGPASSWORD=[redacted]"),
        ("--set=db.password=S", "--set=db.password=[redacted]"),
        (
            "PGUSER=u PGPASSWORD=S psql",
            "PGUSER=u PGPASSWORD=[redacted] psql",
        ),
        (
            "curl --retry=3 --token=S",
            "curl --retry=3 --token=[redacted]",
        ),
        ("mysql --password S x", "mysql --password [redacted] x"),
        (
            "a --ask-password --password S x",
            "a --ask-password [redacted] [redacted] x",
        ),
        (
            "https://h/?a=b&access_token=S&c=d",
            "https://h/?a=b&access_token=[redacted]&c=d",
        ),
        ("curl -u me:S h", "curl -u me:[redacted] h"),
        ("Bearer S", "Bearer [redacted]"),
        (
            "Server=h;Uid=u;Pwd=S;Port=1",
            "Server=h;Uid=u;Pwd=[redacted];Port=1",
        ),
        ("https://h/b?sv=1&sig=S", "https://h/b?sv=1&sig=[redacted]"),
        ("PWD=/srv", "PWD=/srv"),
        ("PWD=\"/srv\" x", "PWD=\"/srv\" x"),
        ("Uid=u;PWD=S;Port=1", "Uid=u;PWD=[redacted];Port=1"),
        ("PWD=S", "PWD=[redacted]"),
        ("OTP=S", "OTP=[redacted]"),
        ("a b", "a b"),
        ("x=1 y=2", "x=1 y=2"),
    ] {
        assert_eq!(recorded(&[arg]), [expected]);
    }
    let odd = Text::from(OsStr::from_bytes(b"\xff--password=S"));
    let clean = redact_args(&[odd]);
    assert_eq!(
        clean[0].as_os_str().as_bytes(),
        b"\xff--password=[redacted]"
    );
}

#[test]
fn every_spelling_of_a_named_secret_is_replaced() {
    for (arg, expected) in [
        ("--user=me:S", "--user=me:[redacted]"),
        ("-ume:S", "-ume:[redacted]"),
        ("--user=1000:1000", "--user=1000:1000"),
        ("-Uhttps://h", "-Uhttps://h"),
        ("curl -ume:S h", "curl -ume:[redacted] h"),
        ("password = S", "password =[redacted]"),
        ("a = 1 password = S b", "a = 1 password = [redacted] b"),
        ("a token == S", "a token == [redacted]"),
        ("API_TOKEN =S", "API_TOKEN =[redacted]"),
        ("a PASSWORD='S T' b", "a PASSWORD=[redacted] b"),
        ("a PASSWORD='S b", "a PASSWORD=[redacted]"),
        ("a --password \"S T\" b", "a --password [redacted] b"),
        (r#"a --password "S\" T" b"#, "a --password [redacted] b"),
        (
            r#"["--password","S","b"]"#,
            r#"["--password",[redacted],"b"]"#,
        ),
        (r#"["-u", "me:S", "b"]"#, r#"["-u", "me:[redacted], "b"]"#),
        ("{'password':'S'}", "{'password': [redacted]"),
        ("token%3DS", "token=[redacted]"),
        ("a%3Db%20c", "a%3Db%20c"),
        ("https%3A%2F%2Fu%3AS%40h", "https://u:[redacted]@h"),
        (
            "https%253A%252F%252Fu%253AS%2540h",
            "https://u:[redacted]@h",
        ),
        (
            r#"{"k":"{\"password\":\"S\"}"}"#,
            r#"{"k":"{"password": [redacted]"#,
        ),
    ] {
        assert_eq!(recorded(&[arg]), [expected]);
    }
}

#[test]
fn headers_and_passwords_in_urls_are_replaced() {
    for (arg, expected) in [
        ("authorization: Bearer x", "authorization: [redacted]"),
        ("Authorization : Bearer x", "Authorization : [redacted]"),
        ("X: 1", "X: 1"),
        ("PRIVATE-TOKEN: x", "PRIVATE-TOKEN: [redacted]"),
        ("X-Api-Key:x", "X-Api-Key: [redacted]"),
        ("Cookie: a=b; c=d", "Cookie: [redacted]"),
        ("-HPRIVATE-TOKEN: x", "-HPRIVATE-TOKEN: [redacted]"),
        (
            "--header=Private-Token: x",
            "--header=Private-Token: [redacted]",
        ),
        ("{\"token\": \"x\"}", "{\"token\": [redacted]"),
        ("PRIVATE-TOKEN:", "PRIVATE-TOKEN:"),
        ("registry/app-token:1.2", "registry/app-token:1.2"),
        (
            "arn:aws:secretsmanager:eu:1:secret:db",
            "arn:aws:secretsmanager:eu:1:secret:db",
        ),
        ("token://vault/item", "token://vault/item"),
        ("https://ci-token:x@h/y", "https://ci-token:[redacted]@h/y"),
        ("https://u:p@h/x", "https://u:[redacted]@h/x"),
        ("https://u:p@w/#?@h", "https://u:[redacted]@h"),
        ("https://u@h/", "https://u@h/"),
        (
            "a://u:S@h1,a://u:S@h2",
            "a://u:[redacted]@h1,a://u:[redacted]@h2",
        ),
        (
            "https://a:P@h/?token=x",
            "https://a:[redacted]@h/?token=[redacted]",
        ),
        (
            "a=https://u:p@h b=ftp://u:q@h",
            "a=https://u:[redacted]@h b=ftp://u:[redacted]@h",
        ),
        ("http://h:80/", "http://h:80/"),
    ] {
        assert_eq!(recorded(&[arg]), [expected]);
    }
    let two = "A: 1\nAuthorization: Basic x\n folded\r\nB: 2\nAuthorization: y";
    let expected = "A: 1\nAuthorization: [redacted]\nB: 2\nAuthorization: [redacted]";
    let clean = redact_args(&[Text::from(two)]);
    assert_eq!(clean[0].as_os_str(), expected);
}
