import Foundation
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// Compares the embeddings of an adapter by Python's `peft` with the daemon's.
@Suite(
    "Conformance with peft", .timeLimit(.minutes(20)),
    .enabled(
        if: Places.hasModel && Places.python != nil,
        "needs the text encoder and Python's torch, transformers and peft: Scripts/python.sh all"))
struct ConformanceTests {
    private struct Result: Decodable {
        let warnings: [String]
        let embeddings: [[Double]]
    }

    @Test(
        "peft loads an adapter without a warning and computes the daemon's embeddings",
        arguments: ["sg-lora", "weighted"])
    func peft(strategy: String) async throws {
        try await TestDaemon.run(experts: Places.fewExperts) { daemon in
            _ = try await daemon.control("generator", "train", "--steps", "60")
            let reply = try await daemon.reply(
                Methods.Request.Reply.self, "request",
                "match definitions of lizards and snakes to their names",
                "--strategy", strategy, "--seed", "7", "-o", "\(daemon.folder)/out")
            let id = try #require(reply.adapter?.adapterId)
            let texts = [
                "a limbless scaly reptile", "snake", "What is the capital of Iceland? Reykjavík.", "x",
            ]
            let own = try await daemon.reply(
                Methods.Encode.Reply.self, "encode", "--adapter", id,
                input: texts.joined(separator: "\n") + "\n")
            let script = Places.file("Scripts/encode-with-peft.py")
            let outcome = try await Program.run(
                try #require(Places.python), [script, Places.model, "\(daemon.folder)/out"],
                input: texts.joined(separator: "\n") + "\n", environment: ["HF_HUB_OFFLINE": "1"])
            try #require(outcome.status == 0, "\(outcome.error)")
            let reference = try outcome.decode(Result.self)
            #expect(reference.warnings == [])
            #expect(reference.embeddings.count == texts.count)
            for (mine, theirs) in zip(own.embeddings, reference.embeddings) {
                let distance = zip(mine.values, theirs).map { abs($0 - $1) }.max() ?? .infinity
                #expect(distance < 1e-4)
            }
        }
    }
}
