using System.Reflection;

namespace Perdure.Tutorial.Tests;

/// <summary>
/// Somebody with a clone of this repository, an empty folder beside it, and a terminal. There is no network: packages come from where those of the tests are, and whatever asks for
/// more is refused.
/// </summary>
public sealed class Newcomer : IAsyncLifetime
{
    // A first build is said to take a minute; it takes more where much else runs.
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private static readonly string Packages = typeof(Newcomer).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == "Packages").Value!;

    private static readonly (string, string)[] Environment =
    [
        ("NUGET_PACKAGES", Packages), ("http_proxy", "http://127.0.0.1:1"), ("https_proxy", "http://127.0.0.1:1"), ("CI", ""),
        // No server of the compiler's outlives the command that started it.
        ("MSBUILDDISABLENODEREUSE", "1"), ("UseSharedCompilation", "false"), ("DOTNET_CLI_USE_MSBUILD_SERVER", "0"),
    ];

    private readonly string _root = Directory.CreateTempSubdirectory("perdure-tutorial-").FullName;
    private readonly Watchdog _watchdog;
    private string _folder;

    public Newcomer()
    {
        _watchdog = new(_root, "true");
        _folder = _root;
    }

    /// <summary>Clones, and does what comes before the first run.</summary>
    public async ValueTask InitializeAsync()
    {
        foreach (var file in Repository.Files)
        {
            var copy = Path.Combine(_root, Tutorial.Clone, file);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(Path.Combine(Repository.Root, file), copy);
        }
        await File.WriteAllTextAsync(Path.Combine(_root, "nuget.config"), $"""<configuration><packageSources><clear /><add key="tests" value="{Packages}" /></packageSources></configuration>""");
        foreach (var block in new[] { 0, 1, 2 }.SelectMany(Tutorial.Blocks)) await Follow(block);
    }

    public async ValueTask DisposeAsync()
    {
        await _watchdog.End();
        _watchdog.Dispose();
    }

    /// <summary>Types its commands, or writes its file where the text says.</summary>
    internal async Task Follow(Block block)
    {
        switch (block.Language)
        {
            case "sh":
                foreach (var line in block.Lines) await Type(line);
                break;
            case "csharp":
                await File.WriteAllTextAsync(Path.Combine(_folder, block.File("cs")), block.Text);
                break;
            case "xml":
                await Edit(block.File("csproj"), text => text.Replace("</ItemGroup>", block.Text + "</ItemGroup>", StringComparison.Ordinal));
                break;
            default:
                throw new InvalidOperationException($"Nobody knows what to do with {block.Language}.");
        }
    }

    /// <summary>Types a line, waits until it is done, and gives what it said. Where it leaves its folder, the next line is typed there.</summary>
    internal async Task<string> Type(string line, int exits = 0)
    {
        var place = Path.Combine(_root, "place");
        using var shell = Begin($"{line} && pwd > '{place}'");
        var code = await shell.Ends(Patience);
        Assert.True(code == exits, $"{line}: exit code {code}\n{shell.Said}");
        if (code == 0) _folder = (await File.ReadAllTextAsync(place)).TrimEnd();
        return shell.Said;
    }

    /// <summary>Types a line, and does not wait.</summary>
    internal Running Begin(string line) => new("/bin/sh", ["-c", line], _folder, Environment);

    /// <summary>Changes a file; there must be something to change.</summary>
    internal async Task Edit(string file, Func<string, string> change)
    {
        var path = Path.Combine(_folder, file);
        var before = await File.ReadAllTextAsync(path);
        var after = change(before);
        Assert.NotEqual(before, after);
        await File.WriteAllTextAsync(path, after);
    }

    /// <summary>Goes to the folder of a project that was made.</summary>
    internal void Returns(string project) => _folder = Path.Combine(_root, project);

    /// <summary>Removes a database, so that what was done is not remembered.</summary>
    internal void Forgets(string database)
    {
        foreach (var file in Directory.GetFiles(_folder, database + "*")) File.Delete(file);
    }

    /// <summary>Puts files back as they are now, in the end.</summary>
    internal IAsyncDisposable Mends(params string[] files) => new Kept([.. files.Select(file => Path.Combine(_folder, file)).Select(path => (path, File.ReadAllText(path)))]);

    /// <summary>The lines of a file.</summary>
    internal async Task<IReadOnlyList<string>> Lines(string file) => await File.ReadAllLinesAsync(Path.Combine(_folder, file));

    private sealed class Kept((string Path, string Text)[] files) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            foreach (var (path, text) in files) await File.WriteAllTextAsync(path, text);
        }
    }
}
