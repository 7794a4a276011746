/// The release that the daemon, the CLI and published adapters name.
public enum SgloradRelease {
    /// The semantic version.
    public static let version = "0.2.0"
    public static let vendor = "sglorad"
    /// The project's home page.
    public static let url = "https://sglorad.io"
    /// The default path of the control socket.
    public static let socketPath = "/run/sglorad/io.sglorad"
}
