import Foundation
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// What one user's pins do to others, with three real users.
@Suite("Pins", .timeLimit(.minutes(20)), .needsModel, .needsOtherUsers)
struct PinTests {
    @Test("two users who pin all that they may do not take a third one's only adapter")
    func threeUsers() async throws {
        // An adapter of the example library has about 110 kB.
        let configuration = """
            access:
              users: "61500"
            cache:
              maximumBytes: 500000
              maximumBytesPerUser: 250000
              pinnedBytesPerUser: 240000
              guaranteedBytesPerUser: 100000
              minimumAge: 0s
            """
        try await withTemporaryFolder { folder in
            #expect(chmod(folder, 0o755) == 0)
            try await TestDaemon.run(in: folder, configuration: configuration) { daemon in
                try await daemon.importExperts(Places.twoExperts)
                #expect(chmod(daemon.socket, 0o666) == 0)
                func adapter(_ user: OtherUser, seed: Int) async throws -> String {
                    let parameters =
                        #"{"intent":{"text":"definitions of birds","seed":\#(seed),"force":true,"strategy":"weighted"}}"#
                    let answer = try await user.call(
                        [("io.sglorad.Request", parameters, true)], at: daemon.socket)[0]
                    let made = answer.parameters["adapter"] as? [String: Any]
                    return try #require(made?["adapterId"] as? String, "\(answer.text)")
                }
                let users = (0..<3).map { OtherUser(uid: 61_000 + $0, gid: 61_500) }
                let only = try await adapter(users[2], seed: 9)
                for user in users[..<2] {
                    var refused = 0
                    for seed in 0..<4 {
                        guard let id = try? await adapter(user, seed: seed) else { continue }
                        let pin = try await user.call(
                            "io.sglorad.PinAdapter", #"{"adapterId":"\#(id)","pinned":true}"#,
                            at: daemon.socket)
                        // An adapter over the share may be evicted before it is pinned.
                        guard let error = pin.error, error != "io.sglorad.NotFound" else { continue }
                        #expect(
                            error == "io.sglorad.Busy" && pin.text.contains("cache.pinnedBytesPerUser"),
                            "\(pin.text)")
                        refused += 1
                    }
                    #expect(refused > 0)
                }
                let evicted = try await daemon.control("cache", "evict")
                #expect(evicted.status == 0, "\(evicted.error)")
                let mine = try await users[2].call(
                    "io.sglorad.GetAdapter", #"{"adapterId":"\#(only)"}"#, at: daemon.socket)
                #expect(mine.error == nil, "\(mine.text)")
            }
        }
    }
}
