//! Where things lead on portals of saved pages: by addresses that a script asks for, in frames, and by what has no way of its own.
//!
//! Not here: what such portals are made of, and what goes wrong at them on purpose (`simulated`).

use fixtures::faults::Faults;
use fixtures::recorded::{self, Wishes};
use tests::recorder::Failure;

use crate::simulated::{SCRIPT, read, saved, simulated};

#[tokio::test]
async fn relative_addresses_that_a_script_asks_for_lead_on_for_every_driver() -> Result<(), Failure> {
    let catalog = tempfile::tempdir()?;
    let (folder, into) = (saved(catalog.path()).await?, catalog.path().join("portal"));
    let script = SCRIPT
        .replace("key: { of: a, attribute: href, after: /a/ }\n    open: a\n    back: a.back", "key: { of: a, attribute: href, after: a/ }\n    open: 'a[href*=\"a/\"]'\n    back: 'a[href=\"../list?all=1\"]'")
        .replace("sign_out: a.out", "sign_out: 'a[href=\"off\"]'")
        .replace("when: { visible: table.accounts }", "when: { visible: ['table.accounts', 'a[href=\"off\"]'] }");
    assert_ne!(script, SCRIPT);
    std::fs::write(folder.join("script.yaml"), script)?;
    for entry in std::fs::read_dir(folder.join("pages"))? {
        let path = entry?.path();
        let html = std::fs::read_to_string(&path)?;
        let html = html
            .replace("href=/a/", "href=a/")
            .replace("href=/accounts", "href='../list?all=1'")
            .replace("href=/off", "href=off");
        std::fs::write(&path, html)?;
    }
    let made = simulated(&folder, &into).await?;
    assert_eq!(made.code, Some(0), "{}\n{}", made.stdout, made.stderr);
    let portal = recorded::start(&into, Wishes::default()).await?;
    for driver in ["http", "cdp"] {
        let ran = read(&portal, &folder, driver, portal.password()).await?;
        assert_eq!(ran.code, Some(0), "{driver}\n{}\n{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains("1 accounts, 5 transactions"), "{}", ran.stdout);
    }
    // Where nobody is signed in any more, such an address leads where any other does.
    for pages in [1, 2] {
        portal.set_faults(Faults { drop_session_after_pages: Some(pages), ..Faults::default() });
        let ran = read(&portal, &folder, "http", portal.password()).await?;
        let said = format!("{}\n{}", ran.stdout, ran.stderr);
        assert!(said.contains("auth.session.expired"), "{pages}: {said}");
    }
    Ok(())
}

#[tokio::test]
async fn what_stands_in_a_frame_and_what_leads_on_by_code_alone_lead_on_all_the_same() -> Result<(), Failure> {
    let catalog = tempfile::tempdir()?;
    let (folder, into) = (saved(catalog.path()).await?, catalog.path().join("portal"));
    let script = SCRIPT
        .replace("table: table.rows", "table: 'frame[name=list] >>> table.rows'")
        .replace("visible: table.rows", "visible: 'frame[name=list] >>> table.rows'")
        .replace("of: p.count", "of: '>>> p.count'")
        .replace("click: button.next", "click: '>>> button.next[type=button]'")
        .replace("back: a.back", "back: '>>> a[href=\"javascript:up()\"]'")
        .replace("sign_out: a.out", "sign_out: '>>> a.out'");
    std::fs::write(folder.join("script.yaml"), script)?;
    for page in ["account.html", "account.2.html"] {
        let path = folder.join("pages").join(page);
        let list = std::fs::read_to_string(&path)?.replace("href=/accounts", "href='javascript:up()'");
        let shown = list.replace('&', "&amp;").replace('"', "&quot;");
        let framed =
            format!("<!doctype html><html lang=en><frameset><frame name=list srcdoc=\"{shown}\"></frameset></html>");
        std::fs::write(&path, framed)?;
    }
    let made = simulated(&folder, &into).await?;
    assert_eq!(made.code, Some(0), "{}\n{}", made.stdout, made.stderr);
    let portal = recorded::start(&into, Wishes::default()).await?;
    let ran = read(&portal, &folder, "cdp", portal.password()).await?;
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("1 accounts, 5 transactions"), "{}", ran.stdout);
    // Whoever isn't signed in sees no frame either, and code is code of nobody's.
    let client = tests::client::client().build()?;
    let frames: Vec<usize> = (0..10).collect();
    for page in frames {
        let shown = client.get(format!("{}page/{page}/frame/0", portal.url())).send().await?.text().await?;
        assert!(!shown.contains("4711") && !shown.contains("steal"), "{shown}");
    }
    let shown = client.get(format!("{}leads.js", portal.url())).send().await?.text().await?;
    assert!(shown.contains("data-leads"), "{shown}");
    Ok(())
}
