//! How a person goes through each simulated portal: in, with a wrong password first, to an account, through its list, back,
//! and out.
//!
//! Not here: what a recorder makes of it.

use fixtures::portal::RunningPortal;

use super::answers::{answer, app, approve, code, settled};
use super::hand::{Failure, Hand};
use crate::patience::patience;

/// What a person typed, all of it.
#[derive(Default)]
pub struct Memory {
    /// Each text.
    pub typed: Vec<String>,
}

impl Memory {
    async fn fill(&mut self, hand: &mut Hand, path: &str, text: &str) -> Result<(), Failure> {
        self.typed.push(text.to_owned());
        hand.fill(path, text).await
    }
}

/// Accounts of Threshold whose transactions its user may not see, and that has none.
const LIMITED: &str = "Clinic North";
const EMPTY: &str = "Grants Fund";
/// A password that no portal takes.
const WRONG: &str = "wrong-Pass9word";

/// Goes through a portal.
///
/// # Errors
/// When something isn't where the person knows it.
pub async fn goes(portal: &RunningPortal, hand: &mut Hand, memory: &mut Memory) -> Result<(), Failure> {
    match portal.name() {
        "coppermine" => coppermine(portal, hand, memory).await,
        "granary" => granary(portal, hand, memory).await,
        "harbour" => harbour(portal, hand, memory).await,
        "hoshizora" => hoshizora(portal, hand, memory).await,
        "kontor" => kontor(portal, hand, memory).await,
        "lantern" => lantern(portal, hand, memory).await,
        "meridian" => meridian(portal, hand, memory).await,
        "threshold" => threshold(portal, hand, memory).await,
        other => Err(format!("nobody knows {other}").into()),
    }
}

async fn harbour(portal: &RunningPortal, hand: &mut Hand, memory: &mut Memory) -> Result<(), Failure> {
    for password in [WRONG, portal.password()] {
        memory.fill(hand, "#username", portal.username()).await?;
        memory.fill(hand, "#password", password).await?;
        hand.click("#sign-in-submit").await?;
        hand.see(if password == WRONG { "#sign-in-form [role=alert]" } else { "#passcode" }).await?;
    }
    let code = code(portal, 1).await?;
    memory.fill(hand, "#passcode", &code).await?;
    hand.click("#passcode-submit").await?;
    if portal.faults().survey {
        hand.click("button{Maybe later}").await?;
    }
    hand.click("#accounts-table th a").await?;
    hand.see("#transactions-table").await?;
    hand.click("#next-page").await?;
    hand.see("#row-range{26}").await?;
    hand.click("#back-to-accounts").await?;
    hand.see("#accounts-table").await?;
    hand.click("#sign-out").await?;
    hand.see("#page-title{signed out}").await?;
    Ok(())
}

async fn meridian(portal: &RunningPortal, hand: &mut Hand, memory: &mut Memory) -> Result<(), Failure> {
    memory.fill(hand, "#ctl00_Main_txtUserId", portal.username()).await?;
    hand.click("#ctl00_Main_btnContinue").await?;
    for password in [WRONG, portal.password()] {
        memory.fill(hand, "#ctl00_Main_txtPassword", password).await?;
        hand.click("#ctl00_Main_btnSignOn").await?;
        if password == WRONG {
            hand.see("#ctl00_Main_lblError").await?;
        }
    }
    let asked = hand.see("#ctl00_Main_lblQuestion").await?;
    let answer = answer(portal, &asked).await?;
    memory.fill(hand, "#ctl00_Main_txtAnswer", &answer).await?;
    hand.click("#ctl00_Main_btnSubmit").await?;
    hand.click("#ctl00_Main_gvAccounts a[href*=Activity]").await?;
    hand.click("#ctl00_Main_gvActivity tr.pager a{2}").await?;
    hand.see("#ctl00_Main_gvActivity tr.pager span{2}").await?;
    hand.click("#menu a{Accounts}").await?;
    hand.see("#ctl00_Main_gvAccounts").await?;
    hand.click("#ctl00_Main_lnkSignOff").await?;
    hand.see("#main{signed off}").await?;
    Ok(())
}

async fn hoshizora(portal: &RunningPortal, hand: &mut Hand, memory: &mut Memory) -> Result<(), Failure> {
    for password in [WRONG, portal.password()] {
        memory.fill(hand, "input[name=shitenNo]", portal.credential("branchNumber")).await?;
        memory.fill(hand, "input[name=kouzaNo]", portal.username()).await?;
        memory.fill(hand, "input[name=loginPw]", password).await?;
        hand.click("input[type=submit]").await?;
        hand.see(if password == WRONG { "p.err" } else { "#kakunin" }).await?;
    }
    let asked = hand.see("#kakunin tr").await?;
    let squares = answer(portal, &asked).await?;
    for (place, digits) in (1..).zip(squares.split(' ')) {
        memory.fill(hand, &format!("#kakunin input[name=k{place}]"), digits).await?;
    }
    hand.click("input[type=submit]").await?;
    hand.click("table[summary='口座一覧'] td a").await?;
    hand.click("a{入出金明細}").await?;
    hand.click("p.pager a{次へ}").await?;
    hand.see("p.ken{21～}").await?;
    hand.click("#menu a{残高照会}").await?;
    hand.see("table[summary='口座一覧']").await?;
    hand.click("#menu a{ログアウト}").await?;
    hand.see("h1{ログアウト}").await?;
    Ok(())
}

async fn threshold(portal: &RunningPortal, hand: &mut Hand, memory: &mut Memory) -> Result<(), Failure> {
    let right = settled(portal).await?;
    for password in [WRONG, &right] {
        memory.fill(hand, "#username", portal.username()).await?;
        memory.fill(hand, "#password", password).await?;
        hand.click("form[data-cy=sign-in] button").await?;
        hand.see(if password == WRONG { "p.alert" } else { "#code" }).await?;
    }
    let code = app(portal).await?;
    memory.fill(hand, "#code", &code).await?;
    hand.click("form[data-cy=verify] button").await?;
    hand.click("#accounts th a").await?;
    hand.click("a{View transactions}").await?;
    hand.click("a[rel=next]").await?;
    hand.see("#transactions").await?;
    hand.click("nav a{Accounts}").await?;
    // Accounts that show less than others.
    for (account, shows) in [(LIMITED, "p.not-entitled"), (EMPTY, "p.empty")] {
        hand.click(&format!("#accounts th a{{{account}}}")).await?;
        if account == EMPTY {
            hand.click("a{View transactions}").await?;
        }
        hand.see(shows).await?;
        hand.click("nav a{Accounts}").await?;
    }
    hand.see("#accounts").await?;
    hand.click("button[data-cy=sign-out]").await?;
    hand.see("h1{signed out}").await?;
    Ok(())
}

async fn granary(portal: &RunningPortal, hand: &mut Hand, memory: &mut Memory) -> Result<(), Failure> {
    // After a refusal the form stands alone, without its frames.
    for (password, within) in [(WRONG, "frame[name=body] >>> "), (portal.password(), "")] {
        memory.fill(hand, &format!("{within}input[name=CUSTNO]"), portal.credential("customerNumber")).await?;
        memory.fill(hand, &format!("{within}input[name=USERID]"), portal.username()).await?;
        memory.fill(hand, &format!("{within}input[name=PIN]"), password.get(..8).unwrap_or(password)).await?;
        hand.click(&format!("{within}input[type=SUBMIT]")).await?;
    }
    hand.click("frame[name=work] >>> td a").await?;
    hand.click("frame[name=work] >>> a{Transaction History}").await?;
    // Nothing is listed before it is asked for, ninety days at most; and nothing was posted yet in the first of them.
    for (days, shows) in [(["01/01/24", "02/01/24"], "b{NO TRANSACTIONS}"), (["08/23/26", "11/20/26"], "table")] {
        for (field, day) in ["FROM", "THRU"].into_iter().zip(days) {
            hand.fill(&format!("frame[name=work] >>> frame[name=histq] >>> input[name={field}]"), day).await?;
        }
        hand.click("frame[name=work] >>> frame[name=histq] >>> input[value=Display]").await?;
        hand.see(&format!("frame[name=work] >>> frame[name=histl] >>> {shows}")).await?;
    }
    hand.click("frame[name=work] >>> frame[name=histl] >>> input[type=SUBMIT]").await?;
    hand.see("frame[name=work] >>> frame[name=histl] >>> font{Items 51}").await?;
    hand.click("frame[name=menu] >>> a{Summary}").await?;
    hand.see("frame[name=work] >>> h3{Account Summary}").await?;
    hand.click("frame[name=menu] >>> a{Log Off}").await?;
    hand.see("b{LOGGED OFF}").await?;
    Ok(())
}

async fn coppermine(portal: &RunningPortal, hand: &mut Hand, memory: &mut Memory) -> Result<(), Failure> {
    for password in [WRONG, portal.password()] {
        memory.fill(hand, "#username", portal.username()).await?;
        memory.fill(hand, "#password", password).await?;
        hand.click("#panel button[type=submit]").await?;
        hand.see(if password == WRONG { "#panel .oops" } else { "form.choose" }).await?;
    }
    hand.click("form.choose button").await?;
    let code = code(portal, 1).await?;
    memory.fill(hand, "#otp", &code).await?;
    hand.click("form.code button").await?;
    hand.click("article.tile h2 a").await?;
    hand.click("tr.more button").await?;
    hand.click("a{All accounts}").await?;
    // A loan lists what becomes of it otherwise than a card does.
    hand.click("article.tile h2 a{Loan}").await?;
    hand.see("#activity-table th{Balance owed}").await?;
    hand.click("a{All accounts}").await?;
    hand.see("article.tile").await?;
    hand.click("nav form button").await?;
    hand.see("h1{signed out}").await?;
    Ok(())
}

async fn kontor(portal: &RunningPortal, hand: &mut Hand, memory: &mut Memory) -> Result<(), Failure> {
    for pin in ["99999", portal.password()] {
        memory.fill(hand, "#teilnehmernummer", portal.username()).await?;
        memory.fill(hand, "#pin", pin).await?;
        hand.click("button[type=submit]").await?;
        hand.see(if pin == portal.password() { "#freigabe" } else { "[role=alert]" }).await?;
    }
    approve(portal).await?;
    hand.click("#kontenliste td a").await?;
    hand.click("a{Umsätze anzeigen}").await?;
    hand.see("#umsatzliste").await?;
    // A month before, and the first that can be chosen, in which there was nothing yet.
    for (key, shows) in [("ArrowDown", "#umsatzliste td{31.10.2026}"), ("End", "p.leer")] {
        hand.click("label{Zeitraum}").await?;
        hand.press_key(key).await?;
        hand.click("main button{Anzeigen}").await?;
        hand.see(shows).await?;
    }
    hand.click("main a{Zurück}").await?;
    hand.see("#kontenliste").await?;
    hand.click("button{Abmelden}").await?;
    hand.see("h1{Abmeldung}").await?;
    Ok(())
}

async fn lantern(portal: &RunningPortal, hand: &mut Hand, memory: &mut Memory) -> Result<(), Failure> {
    const SIGN_IN: &str = "lantern-app >>> lantern-sign-in >>>";
    for password in [WRONG, portal.password()] {
        memory.fill(hand, &format!("{SIGN_IN} lantern-field[name=user-id] >>> input"), portal.username()).await?;
        memory.fill(hand, &format!("{SIGN_IN} lantern-field[name=passphrase] >>> input"), password).await?;
        hand.click(&format!("{SIGN_IN} form button")).await?;
        hand.see(&format!("{SIGN_IN} {}", if password == WRONG { "p.oops" } else { "p.question" })).await?;
    }
    let asked = hand.see(&format!("{SIGN_IN} p.question")).await?;
    let letters = answer(portal, &asked).await?;
    for (place, letter) in (1..).zip(letters.split(' ')) {
        memory.fill(hand, &format!("{SIGN_IN} form.memorable input:nth-of-type({place})"), letter).await?;
    }
    hand.click(&format!("{SIGN_IN} form.memorable button")).await?;
    hand.click("lantern-app >>> lantern-accounts >>> lantern-card >>> h2 button").await?;
    hand.see("lantern-app >>> lantern-ledger >>> [role=cell]").await?;
    // It isn't known how much there is before it has all been scrolled through; each time there are forty more.
    let until = tokio::time::Instant::now() + 3 * patience();
    while !hand.see("lantern-app >>> lantern-ledger >>> p.state").await?.contains("everything") {
        hand.scroll("lantern-app >>> lantern-ledger >>> .viewport").await?;
        if tokio::time::Instant::now() > until {
            return Err("the list has no end".into());
        }
    }
    hand.click("lantern-app >>> lantern-ledger >>> button.back").await?;
    hand.see("lantern-app >>> lantern-accounts >>> lantern-card >>> h2").await?;
    hand.click("lantern-app >>> header button").await?;
    hand.see("lantern-app >>> section.bye").await?;
    Ok(())
}
