import ExpertLibrary
import Files
import Foundation
import LinearAlgebra
import Testing

@Suite("EvictionPolicy")
struct EvictionPolicyTests {
    private static func adapter(
        _ id: String, bytes: Int = 10, uid: UserID = 1000, age: Double, unused: Double? = nil,
        pinned: Bool = false
    ) -> AdapterFootprint {
        AdapterFootprint(
            id: id, uid: uid, request: "r-\(id)", bytes: bytes, isPinned: pinned,
            createdAt: Sample.moment.addingTimeInterval(-age),
            usedAt: Sample.moment.addingTimeInterval(-(unused ?? age)))
    }

    private static func ids(
        _ policy: EvictionPolicy, _ adapters: [AdapterFootprint], _ kept: Set<String> = []
    ) -> [String] {
        policy.victims(among: adapters, protecting: kept, now: Sample.moment).map(\.id)
    }

    @Test func `the least recently used adapters are evicted until the rest fits`() {
        let adapters = [
            Self.adapter("a", age: 1000, unused: 900), Self.adapter("b", age: 2000, unused: 100),
            Self.adapter("c", age: 3000, unused: 950), Self.adapter("d", age: 400),
        ]
        #expect(Self.ids(EvictionPolicy(maximumBytes: 40), adapters) == [])
        #expect(Self.ids(EvictionPolicy(maximumBytes: 39), adapters) == ["c"])
        #expect(Self.ids(EvictionPolicy(maximumBytes: 20), adapters) == ["c", "a"])
        #expect(Self.ids(EvictionPolicy(maximumBytes: 0), adapters) == ["c", "a", "d", "b"])
        #expect(Self.ids(EvictionPolicy(), adapters) == [])
    }

    @Test func `adapters beyond the maximum age are evicted, however few there are`() {
        let adapters = [
            Self.adapter("a", age: 1000, unused: 901), Self.adapter("b", age: 2000, unused: 900),
        ]
        #expect(Self.ids(EvictionPolicy(maximumAge: 900), adapters) == ["a"])
        #expect(Self.ids(EvictionPolicy(maximumAge: 0), adapters) == ["a", "b"])
    }

    @Test func `a user above the limit loses their own adapters and nobody else's`() {
        let adapters = [
            Self.adapter("a", uid: 1, age: 1000, unused: 700),
            Self.adapter("b", uid: 1, age: 1000, unused: 800),
            Self.adapter("c", uid: 1, age: 1000, pinned: true),
            Self.adapter("d", uid: 2, age: 1000, unused: 900),
            Self.adapter("e", uid: 2, age: 1000, unused: 600),
        ]
        #expect(Self.ids(EvictionPolicy(maximumBytesPerUser: 30), adapters) == [])
        #expect(Self.ids(EvictionPolicy(maximumBytesPerUser: 29), adapters) == ["b"])
        #expect(Self.ids(EvictionPolicy(maximumBytesPerUser: 19), adapters) == ["d", "b", "a"])
        // Who had too much has given already what all together have too much.
        #expect(Self.ids(EvictionPolicy(maximumBytes: 40, maximumBytesPerUser: 20), adapters) == ["b"])
        #expect(Self.ids(EvictionPolicy(maximumBytes: 30, maximumBytesPerUser: 20), adapters) == ["d", "b"])
    }

    @Test func `no user loses adapters for what another keeps beyond their share`() {
        let adapters = [
            Self.adapter("a", uid: 1, age: 1000, pinned: true),
            Self.adapter("b", uid: 1, age: 1000, pinned: true),
            Self.adapter("c", uid: 1, age: 100),
            Self.adapter("d", uid: 2, age: 1000, unused: 900),
            Self.adapter("e", uid: 2, age: 1000, unused: 800),
        ]
        // All are 50 bytes, and 40 of them within a share.
        #expect(Self.ids(EvictionPolicy(maximumBytes: 40, maximumBytesPerUser: 20), adapters) == [])
        #expect(Self.ids(EvictionPolicy(maximumBytes: 39, maximumBytesPerUser: 20), adapters) == ["d"])
        #expect(Self.ids(EvictionPolicy(maximumBytes: 20, maximumBytesPerUser: 10), adapters) == ["d"])
        // Without shares everything counts.
        #expect(Self.ids(EvictionPolicy(maximumBytes: 40), adapters) == ["d"])
    }

    @Test func `pinned, protected and young adapters stay, even where they exceed the limit`() {
        let adapters = [
            Self.adapter("pinned", age: 1000, pinned: true), Self.adapter("open", age: 1000),
            Self.adapter("young", age: 299), Self.adapter("tomorrow", age: -86400),
            Self.adapter("old", age: 300),
        ]
        let policy = EvictionPolicy(maximumBytes: 0, maximumAge: 0, minimumAge: 300)
        #expect(Self.ids(policy, adapters, ["open"]) == ["old"])
    }

    @Test func `what two users have pinned does not take a third one's only adapter`() {
        let pins = (0..<8).map {
            Self.adapter("p\($0)", bytes: 500, uid: UserID($0 % 2), age: 1000, pinned: true)
        }
        let third = (0..<4).map {
            Self.adapter("t\($0)", bytes: 100, uid: 7, age: 1000, unused: Double(10 - $0))
        }
        var policy = EvictionPolicy(maximumBytes: 4000, maximumBytesPerUser: 2000)
        #expect(Self.ids(policy, pins + [third[0]]) == ["t0"], "without a guarantee")
        policy.guaranteedBytesPerUser = 250
        #expect(Self.ids(policy, pins + [third[0]]) == [])
        // Beyond the guarantee the least recently used go, down to it.
        #expect(Self.ids(policy, pins + third) == ["t0"])
        // An adapter that is larger than the guarantee is kept if it is the only one.
        let large = Self.adapter("large", bytes: 900, uid: 8, age: 1000)
        #expect(Self.ids(policy, pins + [large]) == [])
        // The guarantee is not a share of the user's own limit.
        policy.maximumBytesPerUser = 150
        #expect(Self.ids(policy, third) == ["t0", "t1", "t2"])
    }

    @Test func `the IDs of one account have one share and one guarantee`() {
        let adapters = (0..<6).map {
            Self.adapter("a\($0)", bytes: 100, uid: UserID($0), age: 1000, unused: Double(10 - $0))
        }
        let policy = EvictionPolicy(maximumBytes: 300, maximumBytesPerUser: 400, guaranteedBytesPerUser: 100)
        // All six keep the one that is guaranteed to them.
        #expect(policy.victims(among: adapters, now: Sample.moment).isEmpty)
        let one = policy.victims(among: adapters, account: { _ in 0 }, now: Sample.moment).map(\.id)
        #expect(one == ["a0", "a1", "a2"])
    }

    @Test(arguments: 0..<50)
    func `for random sets, no adapter is evicted needlessly and none is kept wrongly`(seed: UInt64) {
        var random = CounterRandom(seed: seed)
        func number(_ bound: Double) -> Double { Double(random.uniform()) * bound }
        let adapters = (0..<Int(number(30))).map { index in
            let age = number(2000)
            return Self.adapter(
                "a\(index)", bytes: Int(number(100)), uid: UserID(UInt32(number(3))), age: age,
                unused: number(age),
                pinned: number(1) < 0.2)
        }
        let policy = EvictionPolicy(
            maximumBytes: number(1) < 0.8 ? Int(number(1500)) : nil,
            maximumBytesPerUser: number(1) < 0.5 ? Int(number(700)) : nil,
            maximumAge: number(1) < 0.5 ? number(2000) : nil, minimumAge: number(800))
        let victims = policy.victims(among: adapters, now: Sample.moment)
        let gone = Set(victims.map(\.id))
        let kept = adapters.filter { !gone.contains($0.id) }
        let free = kept.filter {
            !$0.isPinned && Sample.moment.timeIntervalSince($0.createdAt) >= policy.minimumAge
        }
        func isOld(_ adapter: AdapterFootprint) -> Bool {
            policy.maximumAge.map { Sample.moment.timeIntervalSince(adapter.usedAt) > $0 } ?? false
        }
        func isFree(_ adapter: AdapterFootprint) -> Bool { free.contains { $0.id == adapter.id } }
        func bytes(_ adapters: [AdapterFootprint]) -> Int { adapters.reduce(0) { $0 + $1.bytes } }
        let users: [UserID] = [0, 1, 2]
        // Each user counts with no more than their share.
        func counted(_ adapters: [AdapterFootprint]) -> Int {
            users.reduce(0) { sum, uid in
                sum + min(bytes(adapters.filter { $0.uid == uid }), policy.maximumBytesPerUser ?? .max)
            }
        }
        #expect(victims.allSatisfy { !$0.isPinned })
        #expect(!free.contains(where: isOld))
        if let most = policy.maximumBytes { #expect(counted(kept) <= most || free.isEmpty) }
        for uid in users {
            let own = kept.filter { $0.uid == uid }
            if let most = policy.maximumBytesPerUser {
                #expect(bytes(own) <= most || !own.contains(where: isFree))
            }
            // Of one user's the least recently used go first.
            let last = victims.last { $0.uid == uid && !isOld($0) }
            #expect(own.filter(isFree).allSatisfy { $0.usedAt >= last?.usedAt ?? .distantPast })
        }
        // The last to go went for its age, or because without it there was too much, of its user's or in all.
        if let last = victims.last, !isOld(last) {
            let own = bytes(kept.filter { $0.uid == last.uid }) + last.bytes
            #expect(
                counted(kept + [last]) > policy.maximumBytes ?? .max
                    || own > policy.maximumBytesPerUser ?? .max)
        }
        #expect(zip(victims, victims.dropFirst()).allSatisfy { $0.usedAt <= $1.usedAt })
    }
}
