//! Sentences as people write them, in the encodings that their programs used.

use super::*;
use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, GB18030, ISO_2022_JP, ISO_8859_2, ISO_8859_5, ISO_8859_7, KOI8_R, KOI8_U, SHIFT_JIS,
    WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1254, WINDOWS_1255, WINDOWS_1256,
};

const FRENCH: &str = "Le locataire peut résilier le bail à tout moment, sous réserve d’un préavis de trois mois. \
    Le dépôt de garantie s’élève à 2 400 € et sera restitué après l’état des lieux de sortie.";
const GERMAN: &str = "Die Kündigungsfrist beträgt drei Monate zum Quartalsende. Über die Höhe der Nebenkosten \
    erhält der Mieter jährlich eine Abrechnung, größere Schäden sind unverzüglich zu melden.";
const POLISH: &str = "Umowa została zawarta na czas określony. Najemca zobowiązuje się płacić czynsz z góry do \
    dziesiątego dnia każdego miesiąca, a kaucja zostanie zwrócona po zakończeniu najmu.";
const CZECH: &str = "Nájemní smlouva se uzavírá na dobu určitou. Výpovědní lhůta činí tři měsíce a začíná běžet \
    prvním dnem měsíce následujícího po doručení výpovědi.";
const HUNGARIAN: &str = "A bérlő köteles a lakbért minden hónap ötödik napjáig megfizetni. A szerződés \
    felmondási ideje három hónap, ettől közös megegyezéssel el lehet térni.";
const RUSSIAN: &str = "Арендатор вправе расторгнуть договор, предупредив арендодателя за три месяца. Размер \
    арендной платы составляет девятьсот рублей в месяц и не может быть изменён.";
const UKRAINIAN: &str = "Орендар має право розірвати договір, попередивши орендодавця за три місяці. Розмір \
    орендної плати становить дев’ятсот гривень на місяць і не може бути змінений.";
const GREEK: &str = "Η σύμβαση μίσθωσης λήγει την τριακοστή πρώτη Δεκεμβρίου και ανανεώνεται για ένα έτος. Ο \
    μισθωτής οφείλει να καταβάλλει το μίσθωμα την πρώτη ημέρα κάθε μήνα.";
const TURKISH: &str = "Kiracı, sözleşmeyi üç ay önceden bildirmek şartıyla feshedebilir. Kira bedeli her ayın \
    birinci günü peşin olarak ödenir; gecikme hâlinde faiz işletilir, ayrıca ihtar gönderilir.";
const HEBREW: &str = "השוכר רשאי לסיים את החוזה בהודעה מראש של שלושה חודשים. דמי השכירות ישולמו בראשון לכל חודש.";
const ARABIC: &str = "يحق للمستأجر إنهاء العقد بإشعار مسبق مدته ثلاثة أشهر. يدفع الإيجار في اليوم الأول من كل شهر.";
const JAPANESE: &str = "賃借人は、三か月前に書面で通知することにより、本契約を解約することができる。賃料は毎月一日までに支払うものとする。";
const CHINESE: &str = "承租人可以提前三个月书面通知出租人解除合同。租金应于每月第一日支付，押金在租赁期满后退还。";
const TRADITIONAL: &str = "承租人得於三個月前以書面通知出租人終止契約。租金應於每月一日支付，押金於租賃期滿後返還。";
const KOREAN: &str =
    "임차인은 삼 개월 전에 서면으로 통지하여 계약을 해지할 수 있다. 임대료는 매월 일일까지 지급하여야 한다.";

#[test]
fn every_encoding_is_told_by_its_text() {
    for (name, encoding, text) in [
        ("windows-1252", WINDOWS_1252, FRENCH),
        ("windows-1252, German", WINDOWS_1252, GERMAN),
        ("windows-1250", WINDOWS_1250, POLISH),
        ("iso-8859-2", ISO_8859_2, POLISH),
        ("windows-1250, Czech", WINDOWS_1250, CZECH),
        ("iso-8859-2, Czech", ISO_8859_2, CZECH),
        ("windows-1250, Hungarian", WINDOWS_1250, HUNGARIAN),
        ("windows-1251", WINDOWS_1251, RUSSIAN),
        ("koi8-r", KOI8_R, RUSSIAN),
        ("iso-8859-5", ISO_8859_5, RUSSIAN),
        ("windows-1251, Ukrainian", WINDOWS_1251, UKRAINIAN),
        ("koi8-u", KOI8_U, &UKRAINIAN.replace('’', "'")),
        ("windows-1253", WINDOWS_1253, GREEK),
        ("iso-8859-7", ISO_8859_7, GREEK),
        ("windows-1254", WINDOWS_1254, TURKISH),
        ("windows-1255", WINDOWS_1255, HEBREW),
        ("windows-1256", WINDOWS_1256, ARABIC),
        ("shift-jis", SHIFT_JIS, JAPANESE),
        ("euc-jp", EUC_JP, JAPANESE),
        ("iso-2022-jp", ISO_2022_JP, JAPANESE),
        ("gb18030", GB18030, CHINESE),
        ("big5", BIG5, TRADITIONAL),
        ("euc-kr", EUC_KR, KOREAN),
    ] {
        let (bytes, _, lost) = encoding.encode(text);
        assert!(!lost, "{name}: the sentence cannot be written in it");
        assert_eq!(decode(&bytes, None), *text, "{name}");
    }
}

#[test]
fn unicode_in_every_form() {
    for text in [FRENCH, RUSSIAN, GREEK, HEBREW, ARABIC, &format!("{JAPANESE}\n{JAPANESE}"), &format!("{KOREAN}\r\n")] {
        let units: Vec<u16> = text.encode_utf16().collect();
        let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        for (name, bytes) in [
            ("utf-8", text.as_bytes().to_vec()),
            ("utf-8 with mark", [b"\xef\xbb\xbf", text.as_bytes()].concat()),
            ("utf-16le with mark", [&[0xff, 0xfe][..], &little].concat()),
            ("utf-16be with mark", [&[0xfe, 0xff][..], &big].concat()),
            ("utf-16le", little),
            ("utf-16be", big),
        ] {
            assert_eq!(decode(&bytes, None), text, "{name}: {text}");
        }
    }
}

#[test]
fn what_a_document_says_of_itself_counts_before_its_looks() {
    let text = "Η σύμβαση λήγει";
    let bytes = ISO_8859_7.encode(text).0.into_owned();
    assert_eq!(decode(&bytes, Some("iso-8859-7")), text);
    // Not where it is plainly wrong: these bytes are UTF-8.
    assert_eq!(decode(text.as_bytes(), Some("iso-8859-1")), text);
}

#[test]
fn any_bytes_decode() {
    for bytes in [&b""[..], b"\0", b"\0\0\0\0", b"\xff", b"\xff\xfe", b"\xff\xfe\0", b"\xfe\xff\xd8\0", &[0x80; 999]] {
        // Whatever comes out, it comes out.
        let _ = decode(bytes, None);
    }
    let numbers: Vec<u8> = (0..4_000u32).flat_map(|n| (n * 977).to_le_bytes()).collect();
    assert_eq!(utf16_without_mark(&numbers), None);
}
