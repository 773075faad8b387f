import Briefs
import DeviceFit
import Foundation
import Testing

@Suite struct BriefTests {
    private func brief(_ builds: [BriefedBuild], _ language: Language = .english, _ platform: Platform = .ios) -> String
    {
        Brief(
            builds,
            platform: platform,
            task: "summarization",
            target: "3.0 GB",
            olderYears: 2022...2023,
            language: language
        ).markdown
    }

    @Test(arguments: Language.allCases, [Platform.ios, .android])
    func everyPartIsThereInEveryLanguage(_ language: Language, _ platform: Platform) throws {
        let builds = try [Sample.build("small", billions: 0.6), Sample.build("large", billions: 8, type: "Q2_K")]
        let text = brief(builds, language, platform)
        for part in ["small@1.0.0:q4_k_m", "large@1.0.0:q2_k", "GGUF Q4_K_M", "3.0 GB", "summarization", "mit"] {
            #expect(text.contains(part), "\(part)")
        }
        #expect(text.contains("edgepipe quantize hf://acme/small -o small-q4_k_m.gguf --type q4_k_m"))
        #expect(text.contains("llama-quantize f16.gguf small-q4_k_m.gguf Q4_K_M"))
        #expect(text.contains(platform == .ios ? "thermalState" : "getCurrentThermalStatus()"))
        #expect(text.contains(platform == .ios ? "import llama" : "com.arm.aichat"))
        #expect(text.components(separatedBy: "\n## ").count == 5)
        // A row has as many cells as there are builds.
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| ") }.prefix(12)
        #expect(rows.allSatisfy { $0.filter { $0 == "|" }.count == 4 })
    }

    /// Whatever is asked, the answer stays on the phone.
    @Test(arguments: Language.allCases)
    func noServiceIsEverSuggested(_ language: Language) throws {
        let text = try brief([Sample.build("m", billions: 3)], language).lowercased()
        for word in ["cloud", "server", "api key", "http://", "https://", "облак", "сервер"] {
            #expect(!text.contains(word), "\(word)")
        }
    }

    @Test func weakSpotsFollowFromTheNumbers() throws {
        let slow = try brief([Sample.build("slow", billions: 70, type: "Q2_K", kld: 0.2)], .english, .android)
        #expect(slow.contains("it writes slower than one reads"))
        #expect(slow.contains("quantization changed it noticeably: divergence 0.200"))
        #expect(slow.contains("its type is slow on Android's processors"))
        #expect(slow.contains("fits none of"))
        let quick = try brief([Sample.build("quick", billions: 1, kld: 0.001)])
        #expect(quick.contains("all but the quality of the original") && !quick.contains("noticeably"))
    }

    @Test func whatWasNotMeasuredIsSaidSo() throws {
        var build = try Sample.build("m", billions: 1)
        (build.bitsPerByte, build.kld) = (nil, nil)
        #expect(brief([build]).contains("not measured") && brief([build], .russian).contains("не измерено"))
    }
}
