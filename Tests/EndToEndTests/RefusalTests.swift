import Foundation
import SgloradInterface
import TestSupport
import Testing

/// What a refusal tells about the text: that it was cut, and that the encoder cannot read its script.
@Suite("Refusals", .timeLimit(.minutes(20)), .needsModel)
struct RefusalTests {
    private struct Document: Decodable {
        struct Parameters: Decodable {
            let message: String
            let truncated: Bool?
            let script: String?
        }
        let error: String
        let parameters: Parameters
    }

    @Test("a text that was cut and then refused says so, on the command line, in JSON and in the queue")
    func cut() async throws {
        try await TestDaemon.run(experts: Places.fewExperts) { daemon in
            let long = String(repeating: "qwxz vbnm plok jhgf ", count: 200)
            let plain = try await daemon.control("request", long)
            #expect(plain.status == 2)
            #expect(
                plain.error.contains("reads 256 tokens") && plain.error.contains("was cut"), "\(plain.error)")
            let json = try await daemon.control("request", long, "--json").decode(Document.self)
            #expect(json.error == "io.sglorad.NoRelevantExpert")
            #expect(json.parameters.truncated == true && json.parameters.message.contains("was cut"))
            let list = try await daemon.reply(Methods.ListRequests.Reply.self, "queue", "list")
            #expect(list.requests.count == 2 && list.requests.allSatisfy { $0.truncated == true })
            #expect(list.requests.allSatisfy { $0.failure?.contains("was cut") == true })
            let explained = try await daemon.reply(Methods.Explain.Reply.self, "explain", long)
            #expect(explained.wouldRefuse && explained.truncated == true)
            #expect(explained.refusal?.contains("was cut") == true)

            let short = try await daemon.control("request", "qwxz vbnm plok jhgf", "--json").decode(
                Document.self)
            #expect(short.parameters.truncated == false && !short.parameters.message.contains("was cut"))
        }
    }

    @Test("a refusal of a text in another script says what the encoder reads, and nothing of the text")
    func script() async throws {
        try await TestDaemon.run(experts: Places.fewExperts) { daemon in
            let refused = try await daemon.control("request", "маршрутизация запросов", "--json")
            #expect(refused.status == 2, "\(refused.output) \(refused.error)")
            let document = try refused.decode(Document.self)
            #expect(document.parameters.script == "Cyrillic")
            #expect(document.parameters.message.contains("Cyrillic script"), "\(document.parameters.message)")
            #expect(document.parameters.message.contains("it reads English, in Latin script"))
            #expect(!document.parameters.message.contains("маршрут"))
            let text = try await daemon.control("explain", "маршрутизация запросов")
            #expect(text.output.contains("Cyrillic") || text.error.contains("Cyrillic"), "\(text)")
        }
    }

    @Test("texts with hyphens and without quotation marks")
    func commandLine() async throws {
        try await TestDaemon.run(experts: Places.twoExperts) { daemon in
            let degrees = try await daemon.control("explain", "-5 degrees", "--json")
            #expect(degrees.status == 0, "\(degrees.error)")
            let words = try await daemon.control("request", "definitions", "of", "birds")
            #expect(words.status == 64 && words.error.contains("quotation marks"), "\(words.error)")
            let option = try await daemon.control("request", "-definitions")
            #expect(option.status == 64 && option.error.contains("'--'"), "\(option.error)")
            let dashes = try await daemon.control("explain", "--json", "--", "-definitions of birds")
            #expect(dashes.status == 0, "\(dashes.error)")
        }
    }
}
