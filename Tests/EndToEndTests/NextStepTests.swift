import Foundation
import Glibc
import TestSupport
import Testing

/// Real errors of both programs end in a next step, and a step that can be typed as it stands works.
@Suite("Next steps", .timeLimit(.minutes(20)), .needsModel)
struct NextStepTests {
    /// The step of an error's last line.
    private static func step(_ outcome: Program.Outcome) throws -> String {
        let last = try #require(outcome.error.split(separator: "\n").last, "\(outcome)")
        #expect(last.hasPrefix("Next, "), "\(outcome.error)")
        let colon = try #require(last.range(of: ": "))
        return String(last[colon.upperBound...])
    }

    @Test("errors of sglorad-ctl") func control() async throws {
        try await TestDaemon.run(experts: Places.twoExperts) { daemon in
            let commands: [[String]] = [
                ["request", "zzz qqq xxyzzy"], ["request", ""], ["request", "x", "--base", "nonsense"],
                ["request", "birds", "--strategy", "sg-lora"], ["request", "birds", "--top-k", "0"],
                ["request", "birds", "-o", "/nowhere/x"], ["request", "birds", "-o", "/tmp"],
                ["request", "birds", "--spool-directory", "/nowhere"],
                ["queue", "show", "none"], ["queue", "list", "--limit", "0"],
                ["adapter", "show", "none"], ["adapter", "export", "none", "-o", "/tmp/sgl-none"],
                ["adapter", "remove", "none"], ["expert", "show", "none"], ["expert", "import", "/nowhere"],
                ["expert", "import", "/nowhere", "/etc"], ["generator", "show", "none"],
                ["generator", "import", "/etc/passwd"], ["generator", "train", "--steps", "0"],
                ["generator", "evaluate", "--tasks", "/nowhere"], ["base", "remove", "none"],
                ["base", "rename", "none", "other"], ["encode", ""], ["metrics", "-o", "/nowhere/x"],
                ["forget", "none"],
            ]
            for command in commands {
                let outcome = try await daemon.control(command)
                #expect(outcome.status != 0, "\(command)")
                let step = try Self.step(outcome)
                guard step.hasPrefix("sglorad-ctl "), !step.contains("TEXT"), !step.contains("DIR") else {
                    continue
                }
                let words = step.split(separator: " ").dropFirst().map {
                    $0.trimmingCharacters(in: ["'"])
                }
                guard words.first != "generator" || words.count < 2 || words[1] != "train" else { continue }
                let tried = try await daemon.control(Array(words))
                #expect(tried.status == 0, "\(command) → \(step): \(tried.error)")
            }
            let train = try await daemon.control("request", "birds", "--strategy", "sg-lora")
            let step = try Self.step(train)
            #expect(step.hasPrefix("sglorad-ctl generator train --base "))
        }
    }

    @Test("errors of sglorad name the option, the variable or the key that is wrong")
    func daemon() async throws {
        try await withTemporaryFolder { folder in
            let file = "\(folder)/config.yaml"
            func fails(
                _ arguments: [String], _ environment: [String: String] = [:], configuration: String? = nil
            ) async throws -> String {
                var arguments = ["--state-dir", "\(folder)/state", "--socket", "\(folder)/s"] + arguments
                if let configuration {
                    try Data(configuration.utf8).write(to: URL(filePath: file))
                    arguments += ["--config", file]
                }
                let outcome = try await Program.run(
                    "\(Places.products)/sglorad", arguments, environment: environment)
                #expect(outcome.status == 1, "\(outcome)")
                return try Self.step(outcome)
            }
            let option = try await fails(["--log-level", "loud"])
            #expect(option == "--log-level")
            let variable = try await fails([], ["SGLORAD_QUEUE_PER_USER": "0"])
            #expect(variable == "SGLORAD_QUEUE_PER_USER")
            let key = try await fails([], configuration: "queue:\n  perUser: 0\n")
            #expect(key == "queue.perUser")
            let misspelt = try await fails([], configuration: "queue:\n  perUsers: 1\n")
            #expect(misspelt == file)
            let missing = try await fails(["--config", "/nowhere.yaml"])
            #expect(missing == "/nowhere.yaml")
        }
    }
}
