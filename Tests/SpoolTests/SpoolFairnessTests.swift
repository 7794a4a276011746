import ErrorModel
import Files
import Foundation
import Glibc
import Testing

@testable import Spool

@Suite("Fairness of the spool", .timeLimit(.minutes(20)), .enabled(if: geteuid() == 0, "needs root"))
struct SpoolFairnessTests {
    @Test func `worthless files of one user hold up another's by one batch`() async throws {
        let fixture = try SpoolFixture(perUser: 1_000)
        let (spool, backend) = (fixture.spool, fixture.backend)
        for number in 0..<600 { try spool.drop("\(number).json", "nonsense", as: 4001) }
        try spool.drop("good.json", as: 4002)
        // A pass without time ends after a part of a batch, in which each user has had a turn.
        let first = try await fixture.intake(slice: .zero).pass()
        #expect(first.accepted == 1 && first.isCut && (1...255).contains(first.rejected), "\(first)")
        #expect(await backend.requests.map(\.intent.name) == ["good.json"])
        var passes = 1
        while try await fixture.intake(slice: .zero).pass().isCut { passes += 1 }
        #expect(passes < 60 && spool.names("new").isEmpty && spool.names("taking").isEmpty)
        #expect(spool.names("done/4001").count == 600)
        await fixture.close()
    }

    @Test func `unsettled files count against their user's share, and are not read again until they change`()
        async throws
    {
        let fixture = try SpoolFixture(perUser: 10)
        let (spool, backend) = (fixture.spool, fixture.backend)
        for number in 0..<30 { try spool.drop("\(number).json", "nonsense", as: 4001) }
        try spool.drop("good.json", as: 4002)
        let patient = fixture.intake(settling: 3600)
        #expect(try await patient.pass() == SpoolIntake.Outcome(accepted: 1, unsettled: 10, isWaiting: true))
        #expect(spool.names("taking").count == 10 && spool.names("new").count == 20)
        #expect(!spool.folder.left(settling: 3600).contains { !$0.isSettling })
        #expect(try await patient.pass() == SpoolIntake.Outcome(unsettled: 10, isWaiting: true))
        // A file that its writer completes is read at once.
        let place = "\(spool.path)/taking/\(try #require(spool.names("taking").first))"
        try Data(#"{"text": "birds"}"#.utf8).write(to: URL(filePath: place))
        #expect(chown(place, 4001, 4001) == 0)
        #expect(try await patient.pass().accepted == 1)
        #expect(await backend.requests.count == 2)
        await fixture.close()
    }

    @Test func `subordinate users share their owner's room and turns`() async throws {
        let owners = Dictionary(
            uniqueKeysWithValues: (0..<20).map { (UserID(UInt32(100_000 + $0)), UserID(4001)) })
        let fixture = try SpoolFixture(perUser: 5, owners: owners)
        let (spool, backend) = (fixture.spool, fixture.backend)
        for number in 0..<20 { try spool.drop("\(number).json", as: UserID(UInt32(100_000 + number))) }
        for number in 0..<3 { try spool.drop("own-\(number).json", as: 4002) }
        #expect(try await fixture.intake().pass() == SpoolIntake.Outcome(accepted: 8, isWaiting: true))
        let requests = await backend.requests.map(\.intent.owner)
        #expect(requests.count { $0.rawValue >= 100_000 } == 5 && requests.count { $0 == 4002 } == 3)
        await fixture.close()
    }

    @Test func `results are delivered in turns`() async throws {
        let fixture = try SpoolFixture()
        let (spool, backend) = (fixture.spool, fixture.backend)
        for number in 0..<400 { try spool.drop("\(number).json", as: 4001) }
        _ = try await fixture.intake().pass()
        try spool.drop("good.json", as: 4002)
        _ = try await fixture.intake().pass()
        while await backend.finishNext() {}
        let delivery = SpoolDelivery(folder: spool.folder, backend: backend, pool: fixture.pool)
        let sweep = try await delivery.step(SpoolDelivery.Sweep())
        #expect(!sweep.isComplete && sweep.outcome.delivered < 200)
        #expect(spool.names("done/4002") == ["good.json"])
        #expect(try await fixture.deliver().delivered + sweep.outcome.delivered == 401)
        await fixture.close()
    }

    @Test(arguments: [
        ("travel.~K3xTq9ZpLw02.json", "travel.json"), ("a.b.~0123456789.json", "a.b.json"),
        ("travel.~short.json", "travel.~short.json"), (".~0123456789ab.json", ".~0123456789ab.json"),
        ("travel~0123456789ab.json", "travel~0123456789ab.json"),
        ("travel.~0123456789-b.json", "travel.~0123456789-b.json"), ("travel.json", "travel.json"),
    ])
    func `the unguessable part of a name is left out of the result's`(name: String, result: String) {
        #expect(FileName.withoutTail(name) == result)
    }
}
