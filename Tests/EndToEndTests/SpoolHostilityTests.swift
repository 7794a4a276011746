import Foundation
import Glibc
import SgloradInterface
import SpoolForms
import TestSupport
import Testing

/// Two users of one spool who do not trust each other: what one prepares there neither reads, diverts nor delays what the
/// other drops.
@Suite("Hostile users of the spool", .timeLimit(.minutes(20)), .needsModel, .needsOtherUsers, .serialized)
struct SpoolHostilityTests {
    private let attacker = SpoolUsers.attacker
    private let victim = SpoolUsers.victim

    /// The two ways of docs/spool.md, as that page prints them, for a spool.
    private func recipes(_ spool: String) throws -> [String] {
        let page = try String(contentsOfFile: Places.file("docs/spool.md"), encoding: .utf8)
        let blocks = page.components(separatedBy: "\n\n").filter { $0.hasPrefix("    ") }
        let ways = blocks.filter { $0.contains("spool submit --name travel") || $0.contains("mktemp") }
        try #require(ways.count == 2, "\(blocks)")
        return ways.map {
            "export SGLORAD_SPOOL=\(spool) PATH=\(Places.products):$PATH\n"
                + $0.replacing("SPOOL=/var/spool/sglorad", with: "SPOOL=\(spool)")
                .replacing("route requests about travel bookings", with: "whimsical ptarmigan of birds")
        }
    }

    /// Prepares every kind of file under every name that can be guessed.
    private static let plant = """
        import itertools, os, sys
        spool, mine, theirs = sys.argv[1:4]
        open(mine, "w").close(); os.chmod(mine, 0o666)
        kinds = [lambda p: os.symlink(mine, p), lambda p: os.symlink(theirs, p), lambda p: os.link(mine, p),
                 lambda p: os.mkfifo(p, 0o666), lambda p: os.mkdir(p, 0o777), lambda p: open(p, "w").close(),
                 lambda p: os.symlink(mine + ".d", p)]
        os.mkdir(mine + ".d", 0o777); os.chmod(mine + ".d", 0o777); os.umask(0)
        names = ["travel", "travel.json", "travel.~.json", "travel.~XXXXXXXXXXXXXXXX.json", "ctl-.json"]
        first = os.getpid()
        for pid in range(first, first + 3000):
            names += [f"travel-{pid}.json", f"travel.json.{pid}"]
        for number, (folder, name) in enumerate(itertools.product(["tmp", "new"], names)):
            kinds[number % len(kinds)](f"{spool}/{folder}/{name}")
        """

    /// Reads names from the command lines of others, and races to occupy them or to exchange what has them.
    private static let race = #"""
        import glob, os, re, sys
        spool, mine, stop = sys.argv[1:4]
        os.umask(0)
        name = re.compile(rb"(?:travel\.~|ctl-)[0-9A-Za-z]+\.json")
        caught, won, turn = set(), 0, 0
        while not os.path.exists(stop):
            for path in glob.glob("/proc/[0-9]*/cmdline"):
                try: found = name.findall(open(path, "rb").read())
                except OSError: continue
                for text in set(found) - caught:
                    caught.add(text); turn += 1
                    target = f"{spool}/new/{text.decode()}"; source = f"{spool}/tmp/{text.decode()}"
                    for act in (lambda: os.rename(source, mine + ".caught"), lambda: os.link(source, mine + ".linked"),
                                lambda: os.unlink(source), lambda: os.symlink(mine, source),
                                (lambda: os.mkdir(target, 0o777)) if turn % 3 else (lambda: os.symlink(mine + ".d", target)),
                                lambda: os.symlink(mine, target), lambda: os.mkfifo(target, 0o666)):
                        try: act(); won += 1
                        except OSError: pass
        print(len(caught), won)
        """#

    @Test("the ways of docs/spool.md neither leak nor overwrite, whatever another user plants and races for")
    func planted() async throws {
        try await withTemporaryFolder { folder in
            try await SpoolUsers.run(in: folder) { daemon, _ in
                try await daemon.importExperts(Places.twoExperts)
            }
            let (spool, stop) = (TestSpool("\(folder)/spool"), "\(folder)/stop")
            let (mine, theirs) = ("\(folder)/attacker/seen", "\(folder)/victim/own")
            for (user, path) in [(attacker, mine), (victim, theirs)] {
                let home = (path as NSString).deletingLastPathComponent
                try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: false)
                #expect(chown(home, uid_t(user.uid), gid_t(user.gid)) == 0 && chmod(home, 0o755) == 0)
            }
            _ = try await SpoolUsers.shell(victim, "echo kept > \(theirs)")
            let planted = try await attacker.run(Self.plant, [spool.path, mine, theirs])
            try #require(planted.status == 0, "\(planted.error)")
            let racing = Task { try await attacker.run(Self.race, [spool.path, mine, stop]) }
            var sent = 0
            for round in 0..<12 {
                for way in try recipes(spool.path) + [
                    "export SGLORAD_SPOOL=\(spool.path)\n\(Places.products)/sglorad-ctl request 'whimsical ptarmigan "
                        + "of birds' --spool --no-wait --idempotency-key travel"
                ] {
                    let varied = way.replacing("of birds", with: "of birds \(round)")
                    sent +=
                        try await SpoolUsers.shell(victim, "umask 0\(round % 2)2; " + varied).status == 0
                        ? 1 : 0
                }
            }
            try Data().write(to: URL(filePath: stop))
            let raced = try await racing.value
            #expect(raced.status == 0, "\(raced.error)")
            print("the racer saw and acted on: \(raced.output), and \(sent) of 36 files were dropped")
            #expect(sent >= 24, "only what the racer occupies in time fails")
            // Nothing of the attacker's holds a word, and nothing of the victim's is changed.
            let seen = try await SpoolUsers.shell(
                attacker, "grep -rl ptarmigan \(folder)/attacker \(spool.path) 2>/dev/null")
            #expect(seen.output.isEmpty, "\(seen.output)")
            for file in FileManager.default.enumerator(atPath: "\(folder)/attacker")?.allObjects ?? [] {
                let content = FileManager.default.contents(atPath: "\(folder)/attacker/\(file)") ?? Data()
                #expect(content.range(of: Data("ptarmigan".utf8)) == nil, "\(file)")
            }
            #expect(try String(contentsOfFile: theirs, encoding: .utf8) == "kept\n")
            let waiting = spool.names("new").filter {
                var status = stat()
                return lstat("\(spool.path)/new/\($0)", &status) == 0 && status.st_uid == victim.uid
            }
            #expect(waiting.count == sent)
            try await SpoolUsers.run(in: folder) { _, spool in
                let result = try await firstValue("the result") {
                    try spool.result(Wire.SpoolResult.self, "travel.json", of: victim.uid)
                }
                #expect(result.state == .done)
            }
        }
    }

    /// How long a file of the victim's takes from its drop to its result.
    private func latency(_ name: String, in spool: TestSpool) async throws -> Duration {
        let start = ContinuousClock.now
        try spool.drop(
            name, #"{"text": "definitions of birds", "strategy": "weighted", "force": true}"#, as: victim.uid)
        let result = try await firstValue("the result of \(name)", every: .milliseconds(5)) {
            try spool.result(Wire.SpoolResult.self, name, of: victim.uid)
        }
        #expect(result.state == .done)
        return ContinuousClock.now - start
    }

    @Test("thousands of worthless files of one user delay another's by less than a second", .needsTheMachine)
    func flood() async throws {
        try await withTemporaryFolder { folder in
            try await SpoolUsers.run(in: folder) { daemon, spool in
                try await daemon.importExperts(Places.twoExperts)
                _ = try await latency("first.json", in: spool)
                let alone = try await latency("alone.json", in: spool)
                for number in 0..<4_000 { try spool.drop("\(number).json", "worthless", as: attacker.uid) }
                var beside: [Duration] = []
                var number = 0
                let start = ContinuousClock.now
                while spool.names("done/\(attacker.uid)").count < 4_000 {
                    beside.append(try await latency("beside-\(number).json", in: spool))
                    number += 1
                }
                let whole = ContinuousClock.now - start
                print(
                    "alone \(alone), beside 4,000 worthless files at most \(beside.max() ?? .zero) of \(number); "
                        + "they were rejected within \(whole)")
                #expect(try #require(beside.max()) - alone < .seconds(Attack.patience))
            }
        }
    }

    @Test(
        "hundreds of erasures of one user delay another's file and erasure by less than a second",
        .needsTheMachine)
    func erasures() async throws {
        try await withTemporaryFolder { folder in
            try await SpoolUsers.run(in: folder) { daemon, spool in
                try await daemon.importExperts(Places.twoExperts)
                for number in 0..<20 {
                    try spool.drop(
                        "\(number).json",
                        #"{"text": "birds \#(number)", "strategy": "weighted", "force": true, "label": "l\#(number)"}"#,
                        as: attacker.uid)
                }
                for number in 0..<200 {
                    try spool.drop("worthless-\(number).json", #"{"label": "x"}"#, as: attacker.uid)
                }
                try await eventually("the attacker's results") {
                    spool.names("done/\(attacker.uid)").count == 220
                }
                _ = try await latency("first.json", in: spool)
                let alone = try await latency("alone.json", in: spool)
                let calling = Task { try await attacker.run(Self.forgetting, [daemon.socket]) }
                var (files, erasures): ([Duration], [Duration]) = ([], [])
                let isOver = Task { _ = try await calling.value }
                for number in 0..<8 {
                    files.append(try await latency("beside-\(number).json", in: spool))
                    let start = ContinuousClock.now
                    let answer = try await victim.call(
                        "io.sglorad.Forget", #"{"label": "none"}"#, at: daemon.socket)
                    #expect(answer.error == nil, "\(answer.text)")
                    erasures.append(ContinuousClock.now - start)
                }
                try await isOver.value
                let outcome = try await calling.value
                #expect(outcome.status == 0, "\(outcome.error)")
                print(
                    "alone \(alone), beside 200 erasures: a file at most \(files.max() ?? .zero), an erasure at most "
                        + "\(erasures.max() ?? .zero); the 200 took \(outcome.line)")
                #expect(try #require(files.max()) - alone < .seconds(Attack.patience))
                #expect(try #require(erasures.max()) < .seconds(Attack.patience))
            }
        }
    }

    /// Makes 200 calls of `Forget` at once, on a connection each.
    private static let forgetting = """
        import json, socket, sys, time
        begin, peers = time.time(), []
        for number in range(200):
            peer = socket.socket(socket.AF_UNIX)
            peer.connect(sys.argv[1])
            call = {"method": "io.sglorad.Forget", "parameters": {"label": f"l{number}"}}
            peer.sendall(json.dumps(call).encode() + b"\\0")
            peers.append(peer)
        for peer in peers:
            reply = b""
            while not reply.endswith(b"\\0"):
                part = peer.recv(65536)
                if not part: sys.exit("closed")
                reply += part
            if b'"error"' in reply: sys.exit(reply)
        print(f"{time.time() - begin:.1f} s")
        """
}
