import AdapterFormats
import Foundation
import LinearAlgebra
import TestSupport
import Testing
import TextEncoding

/// The real model in the layout of today's sentence-transformers, against the embeddings that it gives.
@Suite("all-MiniLM-L6-v2 as sentence-transformers 6 saves it", .needsModel)
struct SavedModelTests {
    /// A copy of the model, its weights linked, that tests can change.
    private final class Copy {
        let folder = try? TemporaryFolder()
        var path: String { folder?.path ?? "" }

        init() throws {
            let manager = FileManager.default
            for name in try manager.subpathsOfDirectory(atPath: Places.model) {
                let (from, to) = ("\(Places.model)/\(name)", "\(path)/\(name)")
                var isFolder: ObjCBool = false
                _ = manager.fileExists(atPath: from, isDirectory: &isFolder)
                if isFolder.boolValue {
                    try manager.createDirectory(atPath: to, withIntermediateDirectories: true)
                } else if name.hasSuffix(".safetensors") {
                    try manager.createSymbolicLink(atPath: to, withDestinationPath: from)
                } else {
                    try manager.copyItem(atPath: from, toPath: to)
                }
            }
        }

        func write(_ name: String, _ text: String) throws { try folder?.write(text, to: name) }

        func remove(_ names: String...) throws {
            for name in names { try FileManager.default.removeItem(atPath: "\(path)/\(name)") }
        }
    }

    private static let newerTokenizer =
        #"{"backend": "tokenizers", "do_lower_case": true, "model_max_length": %, "tokenizer_class": "BertTokenizer"}"#

    private struct Limits: Decodable {
        let sentence: String
        let count: Int
        let embeddings: [String: [Float]]
    }

    @Test("Difficult texts have the reference's embeddings without vocab.txt")
    func embeddings() throws {
        let copy = try Copy()
        try copy.remove("vocab.txt", "special_tokens_map.json", "sentence_bert_config.json")
        try copy.write(
            "tokenizer_config.json", Self.newerTokenizer.replacingOccurrences(of: "%", with: "256"))
        let encoder = try SentenceEncoder(folder: copy.path)
        #expect(encoder.maximumTokens == 256)
        let reference = try SafetensorsFile(path: Reference.fixture("embeddings.safetensors")).floats(
            "embeddings")
        try expectEqual(try ReferenceText.hard().map { try encoder.encode($0.text) }, reference)
    }

    @Test(
        "At each limit, wherever it stands, a long text has the reference's embedding",
        arguments: [64, 128, 512])
    func limits(limit: Int) throws {
        let data = try Data(contentsOf: URL(filePath: Reference.fixture("limits.json")))
        let reference = try JSONDecoder().decode(Limits.self, from: data)
        let expected = try #require(reference.embeddings["\(limit)"])
        let text = String(repeating: reference.sentence, count: reference.count)
        let older = try Copy()
        try older.write(
            "sentence_bert_config.json", #"{"max_seq_length": \#(limit), "do_lower_case": false}"#)
        let newer = try Copy()
        try newer.remove("vocab.txt", "sentence_bert_config.json")
        try newer.write(
            "tokenizer_config.json",
            Self.newerTokenizer.replacingOccurrences(of: "%", with: limit == 512 ? "1000000000" : "\(limit)"))
        for copy in [older, newer] {
            let encoding = try SentenceEncoder(folder: copy.path).encode(text)
            #expect(encoding.tokenCount == limit && encoding.truncated)
            try expectEqual([encoding], FloatVector(expected))
        }
    }

    @Test("Texts in scripts that the vocabulary has no words in are recognised")
    func scripts() throws {
        let encoder = try SentenceEncoder(folder: Places.model)
        for (text, script) in [
            ("маршрутизация запросов о путешествиях", "Cyrillic"), ("旅行の予約に関するリクエスト", "Japanese"),
            ("طلبات حجز السفر", "Arabic"), ("여행 예약 요청", "Korean"), ("αιτήματα για ταξίδια", "Greek"),
            ("旅行预订请求", "Chinese"),
        ] {
            let unread = try #require(encoder.unreadScript(of: text), "\(script)")
            #expect(
                unread.script == script && unread.readable == ["Latin"] && unread.languages == ["English"])
        }
        for text in [
            "route requests about travel bookings", "42 + 7 = 49", "", "Größe naïve café", "travel to Москва",
        ] {
            #expect(encoder.unreadScript(of: text) == nil, "\(text)")
        }
    }
}
