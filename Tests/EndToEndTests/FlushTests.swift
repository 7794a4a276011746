import Foundation
import Privacy
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// How many flushes of the disk it takes to answer requests durably; counted, not timed.
@Suite("Flushes", .timeLimit(.minutes(10)), .needsModel)
struct FlushTests {
    @Test("one request alone takes at most four flushes, and 64 together take fewer than 64")
    func flushes() async throws {
        try await withTemporaryFolder { folder in
            let count = "\(folder)/flushes"
            let environment = [
                "LD_PRELOAD": "\(Places.products)/libFaultInjection.so",
                "SGLORAD_FAULT_ROOT": "\(folder)/state",
                "SGLORAD_FLUSH_COUNT": count,
            ]
            let end = try await TestDaemon.run(in: folder, environment: environment) { daemon in
                try await daemon.importExperts(Places.fewExperts)
                try await Self.request(0, of: daemon)
                var alone: [Int] = []
                for number in 1...5 {
                    let before = try Self.number(in: count)
                    try await Self.request(number, of: daemon)
                    alone.append(try Self.number(in: count) - before)
                }
                // What the daemon does of itself now and then may be among one of them.
                #expect((1...4).contains(alone.sorted()[2]), "\(alone)")
                let before = try Self.number(in: count)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<64 {
                        group.addTask { try await Self.request(100 + number, of: daemon) }
                    }
                    try await group.waitForAll()
                }
                let together = try Self.number(in: count) - before
                #expect((1..<64).contains(together), "\(together)")
                print("flushes: \(alone) for one request alone, \(together) for 64 together")
            }
            #expect(end.status == 0, "\(end.log)")
        }
    }

    private static func request(_ number: Int, of daemon: TestDaemon) async throws {
        let client = try await VarlinkClient.connect(path: daemon.socket)
        let intent = Form.Intent(text: "definitions of birds", seed: number, force: true)
        let reply = try await client.call(
            Methods.Request.qualifiedName, Methods.Request.Parameters(intent: intent, idempotencyKey: nil),
            returning: Methods.Request.Reply.self)
        await client.close()
        let path = try #require(reply.adapter?.path)
        #expect(FileManager.default.fileExists(atPath: path + "/adapter_model.safetensors"))
    }

    private static func number(in file: String) throws -> Int {
        try Data(contentsOf: URL(filePath: file)).withUnsafeBytes { $0.loadUnaligned(as: Int.self) }
    }
}
