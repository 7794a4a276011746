import Foundation
import SgloradInterface
import TestSupport
import Testing

/// The real daemon under a wrong clock: a preloaded library steps the wall clock, and makes each start one of the machine.
@Suite("Wrong clocks", .needsModel)
struct ClockTests {
    private static let year = 365 * 86_400
    private static let configuration = """
        queue:
          keepKeys: 1h
          keepRequests: 1h
        privacy:
          keepLabels: 1h
        cache:
          maximumAge: 1h
          minimumAge: 0s
        """

    /// Runs the daemon in a folder, on a machine that was started anew and whose clock is wrong by some years.
    private static func run(
        _ folder: String, boot: String, years: Int, stoppingBy stop: DaemonProcess.Stop = .killing,
        configuration: String = configuration,
        _ body: @escaping @Sendable (DaemonProcess) async throws -> Void
    ) async throws {
        let file = "\(folder)/boot"
        try Data("\(boot)\n".utf8).write(to: URL(filePath: file))
        let daemon = try DaemonProcess(
            folder: folder, configuration: configuration,
            environment: [
                "LD_PRELOAD": "\(Places.products)/libFaultInjection.so",
                "SGLORAD_CLOCK_STEP": "\(years * year)", "SGLORAD_CLOCK_BOOT": file,
            ])
        try await daemon.run(stoppingBy: stop) { process in
            try #require(
                try await daemon.waitUntilServing(process), "the daemon does not serve: \(daemon.logTail)")
            try await body(daemon)
        }
    }

    private static func request(_ daemon: DaemonProcess) async throws -> Methods.Request.Reply {
        try await daemon.reply(
            Methods.Request.Reply.self, "request", "definitions of birds", "--label", "labellaria", "--seed",
            "7", "--idempotency-key", "once")
    }

    /// Retention is applied as soon as the daemon serves, so a leap would show within a second.
    @Test(arguments: [-56, 73])
    func `power cuts and starts with a wrong clock forget no key, and erase no label, request or adapter`(
        years: Int
    ) async throws {
        try await withTemporaryFolder { folder in
            try await Self.run(folder, boot: "first", years: 0) { daemon in
                try await daemon.importExperts(Places.twoExperts)
                _ = try await Self.request(daemon)
            }
            for (boot, years) in [("second", years), ("third", 0), ("fourth", years), ("fifth", 0)] {
                try await Self.run(folder, boot: boot, years: years) { daemon in
                    try await Task.sleep(for: .seconds(1))
                    let evicted = try await daemon.control("cache", "evict")
                    #expect(evicted.status == 0, "\(evicted.error)")
                    let requests = try await daemon.reply(
                        Methods.ListRequests.Reply.self, "queue", "list")
                    #expect(requests.requests.map(\.label) == ["labellaria"], "\(boot)")
                    let adapters = try await daemon.reply(Methods.ListAdapters.Reply.self, "adapter", "list")
                    #expect(adapters.adapters.map(\.label) == ["labellaria"], "\(boot)")
                    let again = try await Self.request(daemon)
                    #expect(again.request.requestId == requests.requests.first?.requestId, "\(boot)")
                }
            }
        }
    }

    @Test(arguments: [-56, 73])
    func `an adapter that was made under a wrong clock ages under the right one`(years: Int) async throws {
        let configuration = Self.configuration.replacing("maximumAge: 1h", with: "maximumAge: 3s")
        try await withTemporaryFolder { folder in
            try await Self.run(
                folder, boot: "first", years: years, stoppingBy: .terminating, configuration: configuration
            ) { daemon in
                try await daemon.importExperts(Places.twoExperts)
                _ = try await Self.request(daemon)
            }
            try await Self.run(folder, boot: "second", years: 0, configuration: configuration) { daemon in
                try await Task.sleep(for: .seconds(4))
                let evicted = try await daemon.control("cache", "evict")
                #expect(evicted.status == 0, "\(evicted.error)")
                let adapters = try await daemon.reply(Methods.ListAdapters.Reply.self, "adapter", "list")
                #expect(adapters.adapters.isEmpty)
            }
        }
    }
}
