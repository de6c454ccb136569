using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Perdure.Tests;

/// <summary>The server's programs on this machine, and as whom they run: they refuse to be root.</summary>
internal sealed partial class PostgresPrograms
{
    /// <summary>The oldest version that the store works with.</summary>
    public const int Oldest = 15;

    private static readonly string[] Needed = ["initdb", "pg_ctl", "postgres", "pg_basebackup"];
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly Lazy<PostgresPrograms?> Newest = new(Find);

    private readonly string _folder;

    private PostgresPrograms(string folder) => _folder = folder;

    /// <summary>The newest version that is here; null where there is none.</summary>
    public static PostgresPrograms? Found => Newest.Value;

    /// <summary>Whom a folder must belong to so that the server may use it; null where it is who we are.</summary>
    public static string? User { get; } = Environment.IsPrivilegedProcess ? Exists("postgres") ? "postgres" : "nobody" : null;

    /// <summary>Where they are.</summary>
    public string Folder => _folder;

    /// <summary>The words before a command that may not be run as root; none where we are not.</summary>
    public static string[] AsUser { get; } = User is { } user ? ["setpriv", $"--reuid={user}", $"--regid={(user == "nobody" ? "nogroup" : user)}", "--clear-groups"] : [];

    /// <summary>The words of a command that runs one of the programs as who may run it.</summary>
    public string[] Words(string program, params string[] arguments) => [.. AsUser, Path.Combine(_folder, program), .. arguments];

    /// <summary>Runs one of the programs to its end.</summary>
    public Task<string> Run(string folder, string password, string program, params string[] arguments) => Run(Words(program, arguments), folder, ("PGPASSWORD", password));

    /// <summary>Runs a command to its end, and gives what it said.</summary>
    public static async Task<string> Run(string[] words, string? folder = null, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(words[0], words[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder ?? "/" };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        using var patience = new CancellationTokenSource(Patience);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(patience.Token), process.StandardError.ReadToEndAsync(patience.Token));
        try { await process.WaitForExitAsync(patience.Token); }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw new TimeoutException($"{string.Join(' ', words)} did not end within {Patience}.");
        }
        return process.ExitCode == 0 ? await output : throw new InvalidOperationException($"{string.Join(' ', words)} ended with {process.ExitCode}:\n{await output}{await error}");
    }

    private static bool Exists(string user) => File.Exists("/etc/passwd") && File.ReadLines("/etc/passwd").Any(line => line.StartsWith(user + ":", StringComparison.Ordinal));

    private static PostgresPrograms? Find() =>
        Folders().Where(folder => Needed.All(program => File.Exists(Path.Combine(folder, program)))).Distinct()
            .Select(folder => (folder, version: Version(Path.Combine(folder, "postgres")))).Where(found => found.version >= Oldest)
            .OrderByDescending(found => found.version).Select(found => new PostgresPrograms(found.folder)).FirstOrDefault();

    private static IEnumerable<string> Folders()
    {
        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)) yield return folder;
        if (Directory.Exists("/usr/lib/postgresql"))
            foreach (var version in Directory.GetDirectories("/usr/lib/postgresql")) yield return Path.Combine(version, "bin");
        if (Says("pg_config", "--bindir") is { } said) yield return said;
    }

    private static int Version(string postgres) =>
        Says(postgres, "--version") is { } said && Number().Match(said) is { Success: true } number ? int.Parse(number.Value, CultureInfo.InvariantCulture) : 0;

    /// <summary>What a program says; null where there is no such program, or it fails.</summary>
    public static string? Says(string program, params string[] arguments)
    {
        try { return Run([program, .. arguments]).GetAwaiter().GetResult().Trim(); }
        catch (Exception exception) when (exception is System.ComponentModel.Win32Exception or InvalidOperationException or TimeoutException) { return null; }
    }

    [GeneratedRegex("[0-9]+")]
    private static partial Regex Number();
}
