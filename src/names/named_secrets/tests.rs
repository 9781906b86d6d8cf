use proptest::prelude::*;

use super::super::encoders::{encodings, hex};
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
        ("password = S", "password = [redacted]"),
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
        ("{'password':'S'}", "{'password':[redacted]}"),
        ("token%3DS", "token%3D[redacted]"),
        ("a%3Db%20c", "a%3Db%20c"),
        (
            "https%3A%2F%2Fu%3AS%40h",
            "https%3A%2F%2Fu%3A[redacted]%40h",
        ),
        (
            "https%253A%252F%252Fu%253AS%2540h",
            "https%253A%252F%252Fu%253A[redacted]%2540h",
        ),
        (
            r#"{"k":"{\"password\":\"S\"}"}"#,
            r#"{"k":"{\"password\":[redacted]}"}"#,
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
        ("X-Api-Key:x", "X-Api-Key:[redacted]"),
        ("Cookie: a=b; c=d", "Cookie: [redacted]"),
        ("-HPRIVATE-TOKEN: x", "-HPRIVATE-TOKEN: [redacted]"),
        (
            "--header=Private-Token: x",
            "--header=Private-Token: [redacted]",
        ),
        ("{\"token\": \"x\"}", "{\"token\": [redacted]}"),
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
    let expected = "A: 1\nAuthorization: [redacted]\r\nB: 2\nAuthorization: [redacted]";
    let clean = redact_args(&[Text::from(two)]);
    assert_eq!(clean[0].as_os_str(), expected);
}

/// A token of GitHub.
const TOKEN: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";

#[test]
fn a_known_token_is_replaced_whatever_its_name() {
    for (before, after) in [
        ("", ""),
        ("x=", ""),
        ("x=", " y"),
        ("https://", "@github.com/o/r"),
        ("https://h/v1?t=", "&page=2"),
        ("git clone https://x-access:", "@h"),
        ("{\"x\": \"", "\"}"),
        ("--", ""),
    ] {
        let clean = recorded(&[&format!("{before}{TOKEN}{after}")]).concat();
        assert!(!clean.contains("16C7e42"), "{clean}");
        let is_password = before.ends_with(':');
        assert!(clean.contains("ghp_[redacted]") || is_password, "{clean}");
        assert!(clean.ends_with(after), "{clean}");
    }
    assert!(contains_secret(TOKEN) && !contains_secret("ghp_short"));
}

#[test]
fn what_is_secret_is_replaced_in_every_encoding() {
    for (arg, expected) in [
        ("dG9rZW49WA==", "dG9rZW49[redacted]=="),
        ("--data=dG9rZW49WA==", "--data=dG9rZW49[redacted]=="),
        ("746f6b656e3d58", "746f6b656e3d[redacted]"),
        // Lines of base64: password=hunter2
        (
            "cGFzc3dv\ncmQ9aHVu\ndGVyMg==\n",
            "cGFzc3dv\ncmQ9[redacted]==\n",
        ),
        // {"token":"X"}
        ("eyJ0b2tlbiI6IlgifQ==", "eyJ0b2tlbiI6[redacted]fQ=="),
        ("token%253DS", "token%253D[redacted]"),
        (
            "{\\u0022token\\u0022:\\u0022S\\u0022}",
            "{\\u0022token\\u0022:[redacted]}",
        ),
    ] {
        assert_eq!(recorded(&[arg]), [expected.replace('\n', "\\n")]);
    }
    assert_eq!(recorded(&[&hex(TOKEN)]), ["6768705f[redacted]"]);
}

#[test]
fn secrets_of_several_arguments_are_replaced() {
    for (args, expected) in [
        ("password = S x", "password = [redacted] x"),
        ("password =S x", "password =[redacted] x"),
        ("--password = S x", "--password [redacted] [redacted] x"),
        ("token => S x", "token => [redacted] x"),
        (
            "Authorization: Bearer S",
            "Authorization: [redacted] [redacted]",
        ),
        (
            "config set db.password S x",
            "config set db.password [redacted] x",
        ),
        ("config:set API_TOKEN S", "config:set API_TOKEN [redacted]"),
        (
            "set --global API_TOKEN S",
            "set --global API_TOKEN [redacted]",
        ),
        ("--login me:S x", "--login me:[redacted] x"),
        ("--login=me:S x", "--login=me:[redacted] x"),
        ("--auth me:S x", "--auth me:[redacted] x"),
        ("--src-creds me:S x", "--src-creds me:[redacted] x"),
        ("--cookie s=S", "--cookie [redacted]"),
        ("--oauth2-bearer S", "--oauth2-bearer [redacted]"),
        ("-storepass S x", "-storepass [redacted] x"),
        ("-passin pass:S x", "-passin pass:[redacted] x"),
        ("mysql -ume -pS db", "mysql -ume -p[redacted] db"),
        (
            "/usr/bin/mysqldump -pS db",
            "/usr/bin/mysqldump -p[redacted] db",
        ),
        ("mysql -p db", "mysql -p db"),
        ("sshpass -p S ssh h", "sshpass -p [redacted] ssh h"),
        ("sshpass -pS ssh h", "sshpass -p[redacted] ssh h"),
        (
            "docker login -u me -p S h",
            "docker login -u me -p [redacted] h",
        ),
        ("redis-cli -a S ping", "redis-cli -a [redacted] ping"),
        ("ldapsearch -x -w S", "ldapsearch -x -w [redacted]"),
        (
            "mysql db; docker run -p80:80",
            "mysql db; docker run -p80:80",
        ),
    ] {
        let words: Vec<_> = args.split(' ').collect();
        assert_eq!(recorded(&words).join(" "), expected);
        // The same in a line of sh.
        let line = recorded(&[args]).concat();
        assert!(
            !line.contains('S') || !expected.contains("[redacted]"),
            "{line}"
        );
    }
}

#[test]
fn fields_beside_a_secret_are_left() {
    for (arg, expected) in [
        (
            r#"{"token":"S","env":"prod"}"#,
            r#"{"token":[redacted],"env":"prod"}"#,
        ),
        (
            r#"[{"name":"API_TOKEN","value":"S"},{"name":"ZONE","value":"eu"}]"#,
            r#"[{"name":"API_TOKEN","value":[redacted]},{"name":"ZONE","value":"eu"}]"#,
        ),
        (
            "ParameterKey=DbPassword,ParameterValue=S",
            "ParameterKey=DbPassword,ParameterValue=[redacted]",
        ),
        ("'password'='S' x", "'password'=[redacted] x"),
        ("a, password => 'S', b", "a, password => [redacted], b"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\\nMIIE\\n-----END RSA PRIVATE KEY----- x",
            "-----BEGIN RSA PRIVATE KEY-----[redacted]-----END RSA PRIVATE KEY----- x",
        ),
        (
            "-----BEGIN PGP PRIVATE KEY BLOCK-----MIIE",
            "-----BEGIN PGP PRIVATE KEY BLOCK-----[redacted]",
        ),
    ] {
        assert_eq!(recorded(&[arg]), [expected]);
    }
}

/// A log in which they are missing is of no use.
#[test]
fn ordinary_arguments_are_left() {
    for args in [
        "docker run -p 8080:80 -p8443:443 -u 1000:1000 nginx:1.27@sha256:9f86d081884c7d65",
        "kubectl -n prod set image deploy/web web=registry.example/app:v1.2.3",
        "kubectl get secret db-credentials -o yaml",
        "git checkout 9f86d081884c7d659a2feaa0c55ad0159f86d081",
        "git@github.com:owner/repo.git actions/checkout@v4",
        "ssh -p 22 -i /home/me/.ssh/id_ed25519 me@host",
        "rsync -av --delete src/ host:/srv/app/",
        "openssl req -keyout /tmp/a -newkey rsa:2048; mkdir -p /srv/data; tar -pxf a.tar; cp -pr a b",
        "psql --no-password -h db -U postgres -c 'select 1'",
        "--request-id 550e8400-e29b-41d4-a716-446655440000",
        "--since 2026-11-30T21:00:00Z --until=2026-12-01T00:00:00+01:00",
        "--primary-key id --sort-key=created --next-token 12",
        "--token-file /run/token --password-stdin --key-file=/etc/tls/a.pem",
        "--payload eyJuYW1lIjoid29ybGQiLCJjb3VudCI6MTJ9",
        "--sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "arn:aws:iam::123456789012:role/deploy s3://bucket/monkey/page=1",
        "https://host:8443/path?page=2&sort=name#top",
        "FOO=bar PATH=/usr/bin:/bin PWD=/srv ZONE=eu-west-1",
        "--author name --compass north --bypass cache --tokens 12 --max-tokens=5",
        "SELECT * FROM users WHERE id = 5",
        "{\"name\":\"web\",\"value\":\"3\",\"replicas\":2}",
        "task-restore-the-database-of-the-orders-from-yesterday",
        "restore --dry-run orders 2026-11-30 --yes -v -x -u root",
    ] {
        assert_eq!(recorded(&[args]), [args]);
        let words: Vec<_> = args.split(' ').collect();
        assert_eq!(recorded(&words), words);
    }
}

proptest! {
    #[test]
    fn what_is_secret_is_replaced_in_encodings_inside_one_another(
        value in "[A-Z][a-z0-9!?$%]{4,12}",
        encodings in encodings(),
    ) {
        for secret in [format!("token={value}"), format!("-u me:{value}"), format!("X-Api-Key: {value}")] {
            let mut text = format!(" {secret}");
            for (encode, before, after) in &encodings {
                text = encode(&format!("{before} {text}\n{after}"));
            }
            let clean = recorded(&[&text]).concat();
            prop_assert!(clean.contains("[redacted]"), "{text} {clean}");
        }
    }

    /// What a shell, an editor or a person types, without a name that promises a secret.
    #[test]
    fn nothing_is_replaced_in_words_without_a_secret(words in "([a-z]{1,8}[ /=.:_-]){0,40}") {
        // Parts of names that promise a secret, and the command that sets a variable.
        let secret = ["key", "pass", "pwd", "pat", "otp", "sig", "jwt", "psk", "token", "auth"];
        prop_assume!(!secret.iter().chain(["set", "cookie"].iter()).any(|it| words.contains(it)));
        prop_assert_eq!(recorded(&[&words]).concat(), words);
    }
}

/// CPU time, so that other processes do not matter.
#[cfg(target_os = "linux")]
fn time_of(text: &str) -> i64 {
    use nix::sys::resource::{UsageWho, getrusage};
    let now = || {
        let usage = getrusage(UsageWho::RUSAGE_THREAD).unwrap();
        let sum = usage.user_time() + usage.system_time();
        sum.tv_sec() * 1_000_000 + sum.tv_usec()
    };
    let before = now();
    redact_args(&[Text::from(text)]);
    now() - before
}

#[test]
#[cfg(target_os = "linux")]
fn time_grows_with_the_length_of_a_text_and_not_with_its_square() {
    for mark in [
        ":",
        "=",
        "\"",
        "a:",
        "a=",
        "://",
        "://:@",
        "-u ",
        "PRIVATE KEY",
        "%25",
        "\\",
        "' ",
        "set ",
        "-eyJ",
        "AKIA",
    ] {
        let short = time_of(&mark.repeat(2_000));
        let long = time_of(&mark.repeat(16_000));
        // A square would be 64 times as long, many seconds. Short times are inexact.
        assert!(long < 24 * short + 500_000, "{mark}: {short} {long}");
    }
}
