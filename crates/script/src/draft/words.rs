//! The words by which banks say what a column, a field or a button is, in the languages whose months can be read too.
//!
//! Not here: which column a word wins in the end; values have a say in that (`columns`).

/// A word's field, and how well a header says it.
pub(super) type Words = &'static [(&'static str, &'static str)];

/// What heads the columns of transactions.
pub(super) const TRANSACTIONS: Words = &[
    (
        "postedDate",
        "date|posted|posting date|posted date|post date|date posted|booking date|booked|buchung|\
            buchungstag|buchungsdatum|datum|date comptable|date d'opération|fecha|fecha contable|\
            fecha de operación|data|data contabile|data lançamento|boekdatum|日付|取引日|年月日|お取引日",
    ),
    (
        "transactionDate",
        "transaction date|trans date|trans. date|purchase date|value date|wertstellung|valuta|date de valeur|\
            fecha valor|data valuta|data operazione|rentedatum",
    ),
    (
        "description",
        "description|details|transaction|narrative|particulars|memo|payee|verwendungszweck|\
            buchungstext|umsatz|libellé|opération|concepto|descripción|descrizione|causale|\
            descrição|omschrijving|摘要|お取引内容|内容",
    ),
    ("amount", "amount|betrag|montant|importe|importo|valor|bedrag|金額|取引金額"),
    (
        "debit",
        "debit|debits|withdrawal|withdrawals|paid out|money out|charges|soll|lastschrift|ausgang|\
            débit|cargo|cargos|debe|addebito|dare|uscite|débito|af|お引出し|お支払金額|出金|支払",
    ),
    (
        "credit",
        "credit|credits|deposit|deposits|paid in|money in|haben|gutschrift|eingang|crédit|abono|\
            abonos|haber|accredito|avere|entrate|crédito|bij|お預入れ|お預り金額|入金|預入",
    ),
    ("runningBalance", "balance|running balance|ledger balance|saldo|kontostand|solde|残高|差引残高|saldo contable"),
    (
        "bankReference",
        "reference|bank reference|ref|ref.|referenz|référence|referencia|riferimento|check no.|check no|check number|check #",
    ),
    ("customerReference", "customer reference|your reference|kundenreferenz|end-to-end reference|cheque number"),
    ("counterpartyName", "counterparty|beneficiary|empfänger|auftraggeber/empfänger|name|bénéficiaire"),
    ("merchantName", "merchant|händler|commerçant|comercio"),
    ("category", "category|kategorie|catégorie|categoría|categoria"),
];

/// What heads the columns of lists of accounts.
pub(super) const ACCOUNTS: Words = &[
    (
        "name",
        "account|account name|name|konto|kontoname|bezeichnung|compte|intitulé|cuenta|conto|\
            conta|rekening|口座|口座名|商品|nickname",
    ),
    ("type", "type|kind|account type|kontoart|art|type de compte|tipo|tipo de cuenta|soort|種類|科目"),
    ("status", "status|state|statut|estado|stato|状態"),
    ("currency", "currency|ccy|währung|devise|moneda|divisa|valuta|moeda|通貨"),
    (
        "maskedNumber",
        "number|account number|account no.|account no|kontonummer|iban|numéro|numéro de compte|\
            número|número de cuenta|numero|rekeningnummer|口座番号",
    ),
    ("accountNumber", WHOLE_NUMBER),
    ("routingNumber", SORT_CODE),
    (
        "currentBalance",
        "balance|current balance|ledger balance|saldo|kontostand|solde|saldo actual|\
            saldo contabile|残高|現在残高|owed|balance owed",
    ),
    (
        "availableBalance",
        "available|available balance|verfügbar|verfügbarer betrag|disponible|solde disponible|\
            disponibile|支払可能残高|お引出可能額",
    ),
    ("balanceAsOf", "as of|as at|stand|au|stand vom"),
];

/// What heads numbers of accounts that nothing is left out of, and the codes of their branches.
pub(super) const WHOLE_NUMBER: &str = "full account number";
pub(super) const SORT_CODE: &str = "sort code";

/// What stands beside the details of an account.
pub(super) const DETAILS: Words = &[
    ("accountNumber", "account number|account no.|kontonummer|numéro de compte|número de cuenta|口座番号|iban"),
    ("routingNumber", "支店番号|routing number|aba|routing|sort code|bankleitzahl|blz|code banque|transit number"),
    ("swiftBic", "bic|swift|swift/bic|bic/swift|swift code|bic / swift"),
    ("currentBalance", "current balance|balance|ledger balance|kontostand|saldo|solde|saldo actual|残高"),
    (
        "availableBalance",
        "お引出可能額|available balance|available|verfügbar|verfügbarer betrag|solde disponible|disponible",
    ),
    ("balanceAsOf", "基準日|as of|balance as of|balances as of|stand|stand vom|solde au"),
    ("officialName", "product|produkt|produit|producto|商品名"),
];

/// Of the details, what names an account abroad: where its own number stands beside it, that is its number.
pub(super) const ABROAD: &str = "iban";

/// Kinds of accounts.
pub(super) const TYPES: Words = &[
    (
        "checking",
        "checking|current|current account|business checking|girokonto|kontokorrent|\
            compte courant|cuenta corriente|conto corrente|conta corrente|当座",
    ),
    (
        "savings",
        "savings|savings account|reserve|sparkonto|tagesgeld|\
            compte épargne|épargne|cuenta de ahorro|ahorro|risparmio|poupança|貯蓄|普通",
    ),
    ("moneyMarket", "money market"),
    (
        "creditCard",
        "credit card|card|kreditkarte|carte de crédit|tarjeta de crédito|carta di credito|\
            クレジットカード",
    ),
    (
        "loan",
        "loan|term loan|line of credit|revolving credit|ligne de crédit|darlehen|kredit|prêt|\
            préstamo|prestito|empréstimo|ローン|融資",
    ),
];

/// What submits the forms of a sign-in, word for word.
pub(super) const SUBMIT: &str = "sign in|sign on|log in|login|log on|logon|continue|next|submit|confirm|verify|ok|go|send|enter|proceed|\
            send code|verify code|submit code|authenticate|anmelden|einloggen|weiter|bestätigen|absenden|prüfen|freigeben|\
            connexion|se connecter|continuer|suivant|valider|confirmer|envoyer|vérifier|entrar|acceder|ingresar|iniciar sesión|\
            continuar|siguiente|aceptar|confirmar|enviar|verificar|accedi|entra|continua|avanti|conferma|invia|verifica|\
            aceder|iniciar sessão|seguinte|inloggen|volgende|doorgaan|bevestigen|verzenden|ログイン|ログオン|次へ|送信|確認|認証|続ける|進む";

/// What leads to the next page of a list.
pub(super) const NEXT: &str = "next|next page|older|older transactions|weiter|nächste|nächste seite|ältere|suivant|\
            page suivante|plus anciens|siguiente|anteriores|successiva|avanti|próxima|volgende|次へ|\
            次のページ|›|»|>";

/// What brings further rows below those that are there.
pub(super) const MORE: &str = "load more|show more|more|mehr anzeigen|mehr laden|voir plus|afficher plus|ver más|\
            mostra altri|もっと見る";

/// What leads back to the list of accounts.
pub(super) const BACK: &str = "accounts|all accounts|back|back to accounts|overview|konten|kontenübersicht|übersicht|\
            zurück|comptes|mes comptes|retour|cuentas|volver|conti|indietro|contas|voltar|\
            rekeningen|terug|口座一覧|戻る|my accounts";

/// What ends the session.
pub(super) const SIGN_OUT: &str = "sign out|log out|logout|log off|sign off|abmelden|ausloggen|déconnexion|se déconnecter|\
            cerrar sesión|salir|esci|sair|uitloggen|ログアウト|サインアウト";

/// What a page says once the session has ended.
pub(super) const GOODBYE: &str = "have signed out|have logged out|are signed out|are logged out|signed off|logged off|been signed out|been logged out|\
            abgemeldet|déconnecté|cerrado la sesión|sesión cerrada|disconnesso|uitgelogd|ログアウトしました";

/// What asks for the name of a user, for the number of a customer, and for a code.
pub(crate) const CUSTOMER: &str = "customer|company|client|kunden|firma|entreprise|société|empresa|cliente|klant|契約者|\
            branch|filial|支店番号|teilnehmer id";
pub(crate) const CODE: &str =
    "code|passcode|otp|tan|token|pin from|código|codice|ワンタイム|認証コード|one-time|verification";

/// The field that a header names, with its case folded, and whether it does so word for word.
pub(super) fn field(words: Words, header: &str) -> Option<(&'static str, Fit)> {
    let whole = words.iter().find(|(_, known)| is_one(known, header));
    if let Some((field, _)) = whole {
        return Some((field, Fit::Whole));
    }
    // What comes first in it is what it is about, and of that the longest.
    let place = |word: &'static str| Some((place_within(word, header)?, usize::MAX - word.len()));
    let first = |known: &'static str| known.split('|').filter_map(place).min();
    let best = words.iter().filter_map(|(field, known)| Some((first(known)?, *field))).min();
    best.map(|(_, field)| (field, Fit::Part))
}

/// How a header says what it heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    Part,
    Whole,
}

/// Whether a text is one of these words, and nothing else.
pub(super) fn is_one(words: &str, text: &str) -> bool {
    words.split('|').any(|word| word == text)
}

/// Whether one of these words stands in a text by itself.
pub(crate) fn is_within(words: &str, text: &str) -> bool {
    words.split('|').any(|word| place_within(word, text).is_some())
}

/// Where a word stands in a text by itself; signs that aren't parted by blanks may stand anywhere.
fn place_within(word: &str, text: &str) -> Option<usize> {
    let is_of_signs = word.chars().all(|letter| letter > '\u{2fff}');
    let found = text.match_indices(word).find(|(at, found)| {
        let before = text.get(..*at).and_then(|before| before.chars().next_back());
        let after = text.get(at + found.len()..).and_then(|after| after.chars().next());
        let parts = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric());
        is_of_signs || (parts(before) && parts(after))
    });
    found.map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::{ACCOUNTS, Fit, TRANSACTIONS, field};

    #[test]
    fn a_header_is_known_by_its_whole_words_first() {
        let check =
            |header: &str, expected: Option<(&str, Fit)>| assert_eq!(field(TRANSACTIONS, header), expected, "{header}");
        check("date", Some(("postedDate", Fit::Whole)));
        check("transaction date", Some(("transactionDate", Fit::Whole)));
        check("amount (usd)", Some(("amount", Fit::Part)));
        check("saldo nach buchung", Some(("runningBalance", Fit::Part)));
        check("お引出し額", Some(("debit", Fit::Part)));
        check("update", None);
        assert_eq!(field(ACCOUNTS, "available balance"), Some(("availableBalance", Fit::Whole)));
    }
}
