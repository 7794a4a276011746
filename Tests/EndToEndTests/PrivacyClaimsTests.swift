import Foundation
import Glibc
import SgloradInterface
import TestSupport
import Testing
import Varlink

/// Holds the claims of PRIVACY.md: that each has a test, and those that no other suite tests.
@Suite("Privacy claims")
struct PrivacyClaimsTests {
    /// A row of the table in docs/threat-model.md.
    private struct Claim {
        let words: String
        let tests: String
    }

    private static func text(_ name: String) throws -> String {
        try String(contentsOfFile: Places.file(name), encoding: .utf8)
    }

    /// A text with single spaces, so that line breaks do not matter.
    private static func flat(_ text: String) -> String {
        text.replacing(/\s+/, with: " ")
    }

    /// The cells of the table under a heading, without its first two lines.
    private static func rows(of document: String, under heading: String) throws -> [[String]] {
        let section = try #require(document.split(separator: "\n## \(heading)").dropFirst().first)
        return section.split(separator: "\n").filter { $0.hasPrefix("| ") }.dropFirst(2).map { line in
            line.split(separator: " | ").map { cell in
                cell.trimmingCharacters(in: CharacterSet(charactersIn: " |"))
            }
        }
    }

    private static func claims() throws -> [Claim] {
        try rows(of: text("docs/threat-model.md"), under: "The claims of PRIVACY.md").map { row in
            try #require(row.count == 2, "\(row)")
            return Claim(words: row[0], tests: row[1])
        }
    }

    @Test("every claim has a row, and every row is a claim")
    func complete() throws {
        let privacy = try Self.text("PRIVACY.md")
        let claims = try Self.claims()
        try #require(claims.count > 15)
        for claim in claims {
            #expect(Self.flat(privacy).contains(claim.words), "not in PRIVACY.md: \(claim.words)")
        }
        let kept = try Self.rows(of: privacy, under: "What is kept").map { $0[0] }
        let paragraphs = privacy.matches(of: /(?m)^\*\*([^*]+)\*\*/).map { String($0.output.1) }
        try #require(kept.count > 8 && paragraphs.count > 2)
        for words in kept + paragraphs {
            #expect(claims.contains { $0.words == Self.flat(words) }, "no test is named for: \(words)")
        }
    }

    @Test("every test that is named for a claim exists")
    func named() throws {
        let names =
            FileManager.default.enumerator(atPath: Places.file("Tests"))?.allObjects as? [String] ?? []
        let makefile = try Self.text("Makefile")
        for claim in try Self.claims() {
            let tests = claim.tests.matches(of: /`(\w+)` "([^"]+)"/)
            let targets = claim.tests.matches(of: /`make (\w+)`/)
            #expect(!tests.isEmpty || !targets.isEmpty, "no test: \(claim.words)")
            for test in tests {
                let (suite, name) = (String(test.output.1), String(test.output.2))
                let files = names.filter { $0.hasSuffix("/\(suite).swift") }
                let found = try files.contains { try Self.text("Tests/\($0)").contains(name) }
                #expect(found, "\(suite) has no test '\(name)'")
            }
            for target in targets {
                #expect(makefile.contains("\n\(target.output.1):"), "no such target: \(target.output.0)")
            }
        }
    }

    @Test("the unit permits Unix sockets only, and neither core files nor swap")
    func unit() throws {
        let lines = try Self.text("systemd/sglorad.service").split(separator: "\n").map(String.init)
        for setting in [
            "RestrictAddressFamilies=AF_UNIX", "PrivateNetwork=yes", "IPAddressDeny=any", "LimitCORE=0",
            "MemorySwapMax=0", "ProtectSystem=strict", "CapabilityBoundingSet=", "NoNewPrivileges=yes",
        ] {
            let key = setting.prefix { $0 != "=" } + "="
            #expect(lines.filter { $0.hasPrefix(key) } == [setting])
        }
    }

    @Test("an intent's embedding is in no file", .needsModel)
    func embedding() async throws {
        let intent = "definitions of birds that live by the sea"
        try await TestDaemon.run(experts: Places.twoExperts) { daemon in
            let encoded = try await daemon.reply(Methods.Encode.Reply.self, "encode", intent)
            let values = try #require(encoded.embeddings.first?.values)
            for _ in 0..<2 {
                _ = try await daemon.reply(Methods.Request.Reply.self, "request", intent, "--label", "sea")
            }
            _ = try await daemon.control("request", intent, "--no-wait")
            // Four numbers in a row are no coincidence, in any of the widths in which they could be stored.
            let start = values.count / 2
            let part = values[start..<start + 4]
            let needles = [
                part.reduce(into: Data()) { data, value in
                    withUnsafeBytes(of: Float(value).bitPattern.littleEndian) { data.append(contentsOf: $0) }
                },
                part.reduce(into: Data()) { data, value in
                    withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) }
                },
                part.reduce(into: Data()) { data, value in
                    withUnsafeBytes(of: Float16(value).bitPattern.littleEndian) {
                        data.append(contentsOf: $0)
                    }
                },
            ]
            // The search finds what is stored: the embedding of an expert's description.
            let birds = try await daemon.reply(Methods.GetExpert.Reply.self, "expert", "show", "wn-birds")
            let described = try await daemon.reply(
                Methods.Encode.Reply.self, "encode", birds.expert.description)
            let stored = try #require(described.embeddings.first?.values)[start..<start + 4]
                .reduce(into: Data()) { data, value in
                    withUnsafeBytes(of: Float(value).bitPattern.littleEndian) { data.append(contentsOf: $0) }
                }
            var hasStored = false
            for name in daemon.files("") {
                guard let data = FileManager.default.contents(atPath: "\(daemon.state)/\(name)") else {
                    continue
                }
                hasStored = hasStored || data.range(of: stored) != nil
                #expect(!needles.contains { data.range(of: $0) != nil }, "\(name)")
            }
            #expect(hasStored)
        }
    }

    @Test(
        "two users with the same intent, seed and key get adapters of their own", .needsModel,
        .needsOtherUsers)
    func apart() async throws {
        let group = 4_242
        try await TestDaemon.run(
            configuration: "access:\n  users: '\(group)'\n", experts: Places.twoExperts
        ) { daemon in
            // A test folder is closed to others.
            #expect(chmod(daemon.folder, 0o711) == 0)
            let call = #"{"intent":{"text":"definitions of birds","seed":7},"idempotencyKey":"k"}"#
            var adapters: [[String: Any]] = []
            for uid in [4_201, 4_202] {
                let answer = try await OtherUser(uid: uid, gid: group).call(
                    [(Methods.Request.qualifiedName, call, true)], at: daemon.socket)
                let adapter = try #require(answer.first?.parameters["adapter"] as? [String: Any])
                adapters.append(adapter)
            }
            let (one, other) = (adapters[0], adapters[1])
            #expect(one["digest"] as? String == other["digest"] as? String)
            #expect(one["adapterId"] as? String != other["adapterId"] as? String)
            let folders = try adapters.map { try #require($0["path"] as? String) }
            let inodes = try folders.map { folder in
                try FileManager.default.attributesOfItem(atPath: "\(folder)/adapter_model.safetensors")[
                    .systemFileNumber] as? Int
            }
            #expect(inodes[0] != nil && inodes[0] != inodes[1])
        }
    }
}
