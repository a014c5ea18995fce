//! What is left of a page, and what never is.

use script::{OwnWords, scrub, scrub_keeping};

const PASSWORD: &str = "Lantern/7 & Anchor+é";
const CODE: &str = "424242";
const ACCOUNT: &str = "0012345678";

/// What is left of the body.
fn check(body: &str, expected: &str) {
    let scrubbed = scrub(&format!("<html><body>{body}</body></html>"), &[PASSWORD, CODE]);
    let (_, rest) = scrubbed.split_once("<body>").expect("a body");
    let (inner, _) = rest.split_once("</body>").expect("its end");
    assert_eq!(inner, expected);
}

#[test]
fn an_author_sees_which_page_it_is() {
    check("<h1>Accounts (3)</h1>", "<h1>Accounts (0)</h1>");
    check(
        "<form id=sign-in action='/login;s=17?x=1'><label for=u>User ID</label><input id=u value=jane type=text></form>",
        "<form action=\"/xxxxx;x=00\" id=\"sign-in\"><label for=\"u\">User ID</label><input id=\"u\" type=\"text\"></form>",
    );
    check(
        "<p role=alert>Call 555-0142, jane@bank.example.</p>",
        "<p role=\"alert\">Call 000-0000, xxxx@xxxx.xxxxxxx.</p>",
    );
    check(
        "<table><tr><th>Name</th></tr><tr><th>Jane</th><td>$1,234.56</td></tr></table>",
        "<table><tbody><tr><th>Name</th></tr><tr><th>xxxx</th><td>$0,000.00</td></tr></tbody></table>",
    );
}

#[test]
fn a_customer_is_not_seen() {
    check("<p>Zoë Ørsted, ١٢٣</p>", "<p>xxx xxxxxx, 000</p>");
    check("<a href='/accounts/0012?t=abc' title='Jane'>Jane</a>", "<a href=\"/accounts/0000\" title=\"xxxx\">xxxx</a>");
    check("<tr data-account='op-17'><textarea>Jane</textarea>", "<textarea></textarea>");
    check("<div data-account='op-17' onclick='go(17)' style='x'></div>", "<div data-account=\"xx-00\"></div>");
    check(
        "a<!-- Jane --><script>Jane</script><style>Jane</style><iframe src='/17'>Jane</iframe>",
        "x<iframe></iframe>",
    );
    check("<svg><text>Jane</text></svg><img src='/17.png' alt=Jane>", "<svg></svg><img alt=\"xxxx\">");
}

#[test]
fn what_shows_in_roots_and_frames_is_left_where_it_is() {
    check(
        "<x-a><template shadowrootmode=open><b>Jane</b><h2>Sum</h2></template></x-a>",
        "<x-a><template shadowrootmode=\"open\"><b>xxxx</b><h2>Sum</h2></template></x-a>",
    );
    check("<template><h2>Jane</h2></template>", "");
    // The frame is a page of its own, in the form that browsers show.
    let frame = "<iframe name=a srcdoc=\"&lt;h2 id='x'>Sum &amp;amp; more 1&lt;/h2>&lt;p>Jane\"></iframe>";
    let inner = "<html><body><h2 id=&quot;x&quot;>Sum &amp;amp; more 0</h2><p>xxxx</p></body></html>";
    let scrubbed = scrub(frame, &[]);
    assert!(scrubbed.contains(&format!("<iframe name=\"a\" srcdoc=\"{inner}\"></iframe>")), "{scrubbed}");
    let secret = format!("<iframe srcdoc=\"&lt;h2>{PASSWORD}&lt;/h2>\"></iframe>").replace(" & ", " &amp;amp; ");
    let scrubbed = scrub(&secret, &[PASSWORD]);
    assert_eq!(scrubbed.matches("srcdoc").count(), 1, "{scrubbed}");
    assert!(scrubbed.contains("[secret]") && !scrubbed.contains("Anchor"), "{scrubbed}");
}

#[test]
fn a_secret_is_masked_with_all_that_stands_around_it() {
    check(&format!("<h1>Your password is {} now</h1>", PASSWORD.replace('&', "&amp;")), "<h1>[secret]</h1>");
    check("<h1>lantern/7 &amp; <b>anchor+É</b></h1>", "<h1>[secret]<b>[secret]</b></h1>");
    check("<p id='Lantern%2F7%20%26%20Anchor%2B%C3%A9'>x</p>", "<p id=\"[secret]\">x</p>");
}

#[test]
fn a_piece_of_a_secret_is_masked_among_the_portals_words() {
    let check = |body: &str, expected: &str| {
        let scrubbed = scrub(&format!("<html><body>{body}</body></html>"), &["jane.doe", "lighthouse"]);
        assert!(scrubbed.contains(&format!("<body>{expected}</body>")), "{scrubbed}");
    };
    check("<h1>Welcome, Jane!</h1>", "<h1>Welcome, [secret]</h1>");
    check(
        "<button title='Leave, Doe'>Sign out Jane</button>",
        "<button title=\"Leave, [secret]\">Sign out [secret]</button>",
    );
    check("<p aria-description='Account of Max'>Max</p>", "<p aria-description=\"xxxxxxx xx xxx\">xxx</p>");
    check("<a href='/user/jane.doe/x' id='of-jane.doe'>x</a>", "<a href=\"[secret]\" id=\"[secret]\">x</a>");
}

#[test]
fn base64_in_the_alphabet_for_addresses_is_found() {
    // Both letters in which the alphabets differ: `+` or `-`, and `/` or `_`.
    for form in ["fn5+fz8/Pn5+", "fn5-fz8_Pn5-", "x=fn5-fz8_Pn5-"] {
        let scrubbed = scrub(&format!("<a id='{form}'>x</a><h1>{form}</h1>"), &["~~~\u{7f}??>~~"]);
        assert!(!scrubbed.contains("fn5"), "{scrubbed}");
    }
}

#[test]
fn canaries_never_survive_in_any_disguise() {
    let bytes = PASSWORD.as_bytes();
    let percent: String = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
    let entities: String = PASSWORD.chars().map(|c| format!("&#{};", u32::from(c))).collect();
    let twice = entities.replace('&', "&amp;");
    let unicode: String = PASSWORD.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    // Base64 of the password alone, and at the other two places it can take in a longer text.
    let base64 =
        ["TGFudGVybi83ICYgQW5jaG9yK8Op", "eExhbnRlcm4vNyAmIEFuY2hvcivDqXg=", "eHhMYW50ZXJuLzcgJiBBbmNob3Irw6l4eA"];
    let mut forms = vec![percent, entities, twice, unicode, hex, PASSWORD.replace('&', "&amp;")];
    forms.extend(base64.map(String::from));
    for form in &forms {
        let bodies = [
            format!("<h1>before {form} after</h1>"),
            format!("<button title='{form}' aria-label='{form}' id='{form}'>ok</button>"),
            format!("<p role=alert>{form}</p><p>{form}</p><a href='/x/{form}/y'>{form}</a>"),
            format!("<div class='{form}' data-x='{form}' data-{form}='1'></div><{form}>"),
        ];
        for body in bodies {
            let body = body.replace("ok", &format!("{ACCOUNT} {CODE}"));
            let scrubbed = scrub(&body, &[PASSWORD, CODE, ACCOUNT]).to_lowercase();
            for canary in
                ["lantern", "anchor", "4242", "1234", "tgfudg", "exhbnr", "ehhmyw", "lantern".get(1..).unwrap_or("")]
            {
                assert!(!scrubbed.contains(canary), "{canary} of {form} is in {scrubbed}");
            }
            let hex_core = "4c616e7465726e";
            assert!(!scrubbed.contains(hex_core), "{form} is in {scrubbed}");
        }
    }
}

#[test]
fn what_is_kept_is_bounded_and_well_formed() {
    let long = format!("<h1>{}</h1>", "word ".repeat(200_000));
    assert!(scrub(&long, &[]).len() <= 256 * 1024);
    let many = "<section class='one two'><h2>Title</h2>".repeat(600);
    let scrubbed = scrub(&many, &[]);
    assert!(scrubbed.len() <= 256 * 1024 && scrubbed.ends_with("</html>"), "{}", scrubbed.len());
    let left_out = |html: &str| {
        let scrubbed = scrub_keeping(html, &[], &OwnWords::default());
        (scrubbed.is_cut, scrubbed.emptied_frames)
    };
    assert_eq!(left_out(&long), (true, 0));
    let frame = |html: &str| format!("<iframe srcdoc=\"{html}\"></iframe>");
    assert_eq!(left_out(&frame("&lt;p>Jane")), (false, 0));
    // What it shows fits by itself, and no more as an attribute.
    assert_eq!(left_out(&frame(&"&lt;p id='a'>".repeat(10_000))), (false, 1));
    let deep = "<div>".repeat(100_000);
    assert!(scrub(&deep, &[]).contains("nested"));
}
