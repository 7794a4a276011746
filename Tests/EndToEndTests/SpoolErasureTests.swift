import Foundation
import Glibc
import SgloradInterface
import SpoolForms
import TestSupport
import Testing

/// `forget` in the spool of a daemon that is not root, as users meet it.
@Suite("Erasing in the spool", .timeLimit(.minutes(20)), .needsModel, .needsOtherUsers)
struct SpoolErasureTests {
    private let user = SpoolUsers.victim

    /// Runs `sglorad-ctl forget` as the user.
    private func forget(
        _ arguments: String, _ daemon: TestDaemon
    ) async throws -> (status: Int32, reply: Methods.Forget.Reply) {
        let outcome = try await SpoolUsers.shell(
            user, "\(Places.products)/sglorad-ctl forget --socket \(daemon.socket) --json \(arguments)")
        try #require(!outcome.output.isEmpty, "\(outcome.error)")
        return (outcome.status, try outcome.decode(Methods.Forget.Reply.self))
    }

    @Test("a label is erased from rejected files however they write it, with what names them")
    func labels() async throws {
        try await withTemporaryFolder { folder in
            try await SpoolUsers.run(in: folder) { daemon, spool in
                let contents = [
                    #"{"label": "whims\u0069cal"}"#, #"{"lable": {"label": "whims\u0069cal"}}"#,
                    #"{"text": "{\"label\": \"whims\\u0069cal\"}", "no": 1}"#,
                    #"{"label": "whims\u0069cal", "te"#,
                ]
                for (number, content) in contents.enumerated() {
                    try spool.drop("f\(number).json", content, as: user.uid)
                }
                try spool.drop("whimsical.json", "nonsense", as: user.uid)
                try spool.drop("other.json", #"{"label": "ptarmigan"}"#, as: user.uid)
                try spool.drop("sealed.json", #"{"label": "whimsical"}"#, as: user.uid)
                #expect(chmod("\(spool.path)/new/sealed.json", 0o600) == 0 || errno == ENOENT)
                try await eventually("all files to be rejected") {
                    spool.names("done/\(user.uid)").count == 7 && spool.names("taking").isEmpty
                }
                let (status, reply) = try await forget("--label whimsical", daemon)
                #expect(
                    status == 0 && reply.files == 6 && reply.results == 6 && reply.left == nil, "\(reply)")
                #expect(spool.names("done/\(user.uid)") == ["other.json"])
                #expect(spool.names("rejected/\(user.uid)").allSatisfy { $0.contains("other.json") })
            }
        }
    }

    @Test("folders are erased with their content where that is possible, and named where it is not")
    func folders() async throws {
        try await withTemporaryFolder { folder in
            try await SpoolUsers.run(in: folder) { daemon, spool in
                let made = try await SpoolUsers.shell(
                    user,
                    """
                    cd \(spool.path)/new && mkdir -p open.json/in closed.json && echo whimsical > open.json/in/a \
                    && echo whimsical > closed.json/b && chmod 2775 open.json open.json/in && chmod 700 closed.json
                    """)
                try #require(made.status == 0, "\(made.error)")
                // A new folder is no event; a new file is.
                try spool.drop("nonsense.json", "nonsense", as: user.uid)
                try await eventually("the closed folder to be reported") {
                    FileManager.default.fileExists(atPath: spool.resultFile("closed.json", of: user.uid))
                        && FileManager.default.fileExists(atPath: spool.resultFile("open.json", of: user.uid))
                        && FileManager.default.fileExists(
                            atPath: spool.resultFile("nonsense.json", of: user.uid))
                }
                let (status, reply) = try await forget("--all", daemon)
                #expect(
                    status == 1 && reply.left?.map(\.path) == ["\(spool.path)/new/closed.json"], "\(reply)")
                #expect(reply.left?.first?.reason.contains("rm -r") == true)
                // The next pass, if it comes before the question, reports again what is still in the way.
                let rejected = spool.names("rejected/\(user.uid)")
                #expect(
                    spool.names("new") == ["closed.json"]
                        && rejected.allSatisfy { $0.hasSuffix("-closed.json.reason") },
                    "\(rejected) \(reply)")
                let removed = try await SpoolUsers.shell(user, "rm -r \(spool.path)/new/closed.json")
                #expect(removed.status == 0, "\(removed.error)")
                let again = try await forget("--all", daemon)
                #expect(again.status == 0 && again.reply.left == nil && spool.names("new").isEmpty)
            }
        }
    }

    @Test("without an inotify watch left the spool is looked through every minute, and the status says so")
    func unwatched() async throws {
        try await withTemporaryFolder { folder in
            let (ready, stop) = ("\(folder)/ready", "\(folder)/stop")
            try FileManager.default.createDirectory(
                atPath: "\(folder)/spool", withIntermediateDirectories: false)
            #expect(chmod(folder, 0o777) == 0)
            // A user of its own: the kernel counts watches by user, and other tests' daemons need theirs.
            let daemonUser = 4_180
            let hog = OtherUser(uid: daemonUser, gid: daemonUser)
            let hogging = Task {
                try await hog.run(
                    """
                    import ctypes, os, resource, time
                    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
                    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
                    libc, held, parent = ctypes.CDLL(None), 0, os.getppid()
                    while libc.inotify_init() >= 0: held += 1
                    open(sys.argv[1], "w").write(str(held))
                    while not os.path.exists(sys.argv[2]) and os.getppid() == parent: time.sleep(0.05)
                    """, [ready, stop])
            }
            try await eventually("all watches to be used") { FileManager.default.fileExists(atPath: ready) }
            try await SpoolUsers.run(in: folder, as: daemonUser) { daemon, spool in
                try await daemon.importExperts(Places.twoExperts)
                let condition = try await firstValue("the condition") {
                    try await daemon.reply(Methods.Status.Reply.self, "status").conditions
                        .first { $0.name == "spool" }
                }
                #expect(condition.message.contains("once a minute"), "\(condition)")
                #expect(condition.message.contains("fs.inotify.max_user_instances"), "\(condition)")
                try spool.drop(
                    "birds.json", #"{"text": "definitions of birds", "force": true}"#, as: user.uid)
                let result = try await firstValue("the result") {
                    try spool.result(Wire.SpoolResult.self, "birds.json", of: user.uid)
                }
                #expect(result.state == .done)
                try Data().write(to: URL(filePath: stop))
                _ = try await hogging.value
                try await eventually("the end of the condition") {
                    try await daemon.reply(Methods.Status.Reply.self, "status").conditions.isEmpty
                }
            }
        }
    }
}
