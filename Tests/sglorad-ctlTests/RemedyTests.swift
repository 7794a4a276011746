import ArgumentParser
import ErrorModel
import Foundation
import SgloradInterface
import Testing
import Varlink

@testable import sglorad_ctl

/// Every error ends in what to type, set or mend next.
@Suite struct RemedyTests {
    /// An error of each kind, and what stands for it in a failed test.
    static let errors: [(String, any Error)] = {
        var errors: [(String, any Error)] = []
        for code in SgloradError.Code.all {
            let parameters: [String: SgloradError.Parameter] = ["message": .string("No.")]
            errors.append((code.name, VarlinkError("io.sglorad.\(code.name)", parameters: parameters)))
            errors.append(("own \(code.name)", SgloradError(code, "No.")))
        }
        for kind in ["request", "expert", "generator", "adapter", "base", "file", "upload", "folder", "new"] {
            errors.append(("NotFound \(kind)", SgloradError.notFound(kind, "it's /x", remedy: "")))
        }
        for name in ["PermissionDenied", "InvalidParameter", "MethodNotFound", "ExpectedMore"] {
            let parameters: [String: SgloradError.Parameter] = ["parameter": .string("topK")]
            errors.append((name, VarlinkError("org.varlink.service.\(name)", parameters: parameters)))
        }
        let reasons: [ConnectionFailure.Reason] = [
            .noSocket, .notListening, .notAllowed, .overloaded, .invalidPath, .closed, .malformedReply,
            .other("x"),
        ]
        for reason in reasons {
            for path in ["/x y", SgloradRelease.socketPath] {
                errors.append(("\(reason) \(path)", ConnectionFailure(path: path, reason: reason)))
            }
        }
        for state in ["done", "refused", "failed", "cancelled"] {
            let request = Wire.QueuedRequest(requestId: "r", state: state, base: "b", submittedAt: "")
            errors.append(("request \(state)", RequestCommand.failure(request)))
        }
        errors.append(("unknown", VarlinkError("org.example.Odd")))
        errors.append(("cancelled", CancellationError()))
        errors.append(("incomplete", Failure.incomplete("training")))
        errors.append(("any", NSError(domain: "d", code: 1)))
        let context = DecodingError.Context(codingPath: [], debugDescription: "not as expected")
        errors.append(("decoding", DecodingError.dataCorrupted(context)))
        return errors
    }()

    @Test func everyErrorEndsInANextStep() throws {
        for (name, error) in Self.errors {
            let failure = Failure(error)
            let lines = failure.text().split(separator: "\n")
            #expect(lines.count == 2, "\(name)")
            let last = try #require(lines.last)
            #expect(
                last.hasPrefix("Next, ") && last.hasSuffix(": \(failure.remedy.stepText)"), "\(name): \(last)"
            )
            #expect(!failure.remedy.stepText.isEmpty, "\(name)")
            #expect(FailureDocument(failure).remedy == failure.remedy.description, "\(name)")
            guard case .command(let command) = failure.remedy.step else { continue }
            #expect(Self.isKnown(command), "\(name): \(command)")
        }
    }

    /// Whether a command line names a command that there is, with options that it has.
    static func isKnown(_ command: String) -> Bool {
        let words = command.split(separator: " ").map { $0.trimmingCharacters(in: ["\"", "'"]) }
        guard words.first == "sglorad-ctl" else {
            return ["sudo", "journalctl", "sglorad", "ls", "df", "findmnt", "quota"].contains(
                words.first ?? "")
        }
        do {
            _ = try SgloradControl.parseAsRoot(Array(words.dropFirst()))
            return true
        } catch {
            return SgloradControl.exitCode(for: error) == .success
        }
    }

    @Test func remediesNameWhatTheErrorIsAbout() {
        func step(_ code: SgloradError.Code, _ parameters: [String: SgloradError.Parameter]) -> String {
            code.remedy(parameters).stepText
        }
        #expect(
            step(.generatorUnavailable, ["base": .string("a b")])
                == "sglorad-ctl generator train --base 'a b'")
        #expect(step(.unknownBase, ["known": .strings([])]) == "sglorad-ctl expert import DIR")
        #expect(step(.unknownBase, ["known": .strings(["b"])]) == "sglorad-ctl base list")
        #expect(step(.invalidFile, ["file": .string("x.json")]) == "x.json")
        #expect(step(.storageFailure, ["path": .string("/var/x")]) == "/var/x")
        #expect(SgloradError.Code.busy.remedy(["retryAfter": .double(1.5)]).purpose.contains("2 s"))
        #expect(
            Remedy.word("it's") == "'it'\\''s'" && Remedy.word("-x") == "'-x'" && Remedy.word("a/b") == "a/b")
    }

    @Test func aParameterOfACallIsAnOptionOfTheRunningCommand() {
        RunningCommand.record(["expert", "import", "x", "--name", "n"])
        defer { RunningCommand.record([]) }
        let failure = Failure(SgloradError.invalidRequest(field: "name", reason: "is bad"))
        #expect(failure.remedy.stepText == "sglorad-ctl help expert import")
    }

    @Test func controlCharactersCannotReachTheTerminal() {
        let failure = Failure(SgloradError.invalidFile("a\u{1B}[2Jb\nNext, x: rm -rf /", "is bad."))
        #expect(failure.text().split(separator: "\n").count == 2)
        #expect(!failure.text().contains("\u{1B}"))
    }

    @Test(arguments: [
        ["nonsense"], ["request"], ["request", "x", "--nonsense"], ["request", "x", "--top-k", "four"],
        ["expert", "import", "a", "b", "--name", "n"], ["queue", "nonsense"], ["doctor", "--dry-run"],
        ["request", "x", "y"], ["forget"],
    ])
    func usageErrorsEndInTheHelpToType(_ words: [String]) {
        let error = #expect(throws: (any Error).self) {
            var command = try SgloradControl.parseAsRoot(words)
            try command.run()
        }
        guard let error else { return }
        let lines = SgloradControl.fullMessage(for: error).split(separator: "\n")
        #expect(lines.last?.contains("--help") == true || lines.last?.contains("help") == true, "\(lines)")
    }
}
