import Briefs
import Foundation
import Testing

@testable import Site

@Suite struct SiteWordsTests {
    private let english = SiteWords(language: .english)
    private let russian = SiteWords(language: .russian)

    @Test(arguments: [
        (0, "0 сборок"), (1, "1 сборка"), (2, "2 сборки"), (4, "4 сборки"), (5, "5 сборок"), (11, "11 сборок"),
        (12, "12 сборок"),
        (21, "21 сборка"), (22, "22 сборки"), (111, "111 сборок"), (121, "121 сборка"),
    ])
    func russianNounsFollowTheirNumber(_ number: Int, _ words: String) {
        #expect(russian.builds(number).replacing("\u{a0}", with: " ") == words)
    }

    @Test func englishNounsDoToo() {
        #expect(english.builds(1) == "1\u{a0}build")
        #expect(english.builds(0) == "0\u{a0}builds")
        #expect(english.builds(21) == "21\u{a0}builds")
    }

    @Test func sizesAndNumbersAreWrittenAsTheLanguageDoes() {
        #expect(english.size(1_234_000_000) == "1.2\u{a0}GB")
        #expect(russian.size(1_234_000_000) == "1,2\u{a0}ГБ")
        #expect(russian.size(999) == "999\u{a0}Б")
        #expect(english.number(1.005, 2) == "1.00" || english.number(1.005, 2) == "1.01")
        #expect(russian.number(-3.25, 1) == "-3,3")
        #expect(russian.memory(MemoryStep.all[1]) == "1,5\u{a0}ГБ")
        #expect(english.memory(MemoryStep.all[8]) == "16\u{a0}GB")
    }

    @Test func datesAreThoseOfGreenwich() {
        let date = Date(timeIntervalSince1970: 1_785_542_399)
        #expect(english.date(date).replacing("\u{a0}", with: " ") == "31 Jul 2026")
        #expect(russian.date(date).replacing("\u{a0}", with: " ") == "31 июля 2026")
    }
}
