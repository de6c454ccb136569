namespace Perdure.Cli.Tests;

/// <summary>The tool as a pipeline installs it: from its package, which is all that it needs.</summary>
public sealed class ThePackagedTool(World world) : IClassFixture<World>
{
    [Fact]
    public void Installed_from_its_package_alone_it_exports_replays_and_simulates()
    {
        var packages = Directory.CreateDirectory(Path.Combine(world.Folder, "packages")).FullName;
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        // What is built already is packed, and the folder is the only source of packages: no network.
        Passes("dotnet", "pack", Path.Combine(World.Root, "src", "Perdure.Cli"), "-c", configuration, "--no-build", "-o", packages, "-v", "q");
        var sources = Path.Combine(packages, "nuget.config");
        File.WriteAllText(sources, $"""<configuration><packageSources><clear /><add key="here" value="{packages}" /></packageSources></configuration>""");
        var tools = Path.Combine(world.Folder, "tools");
        Passes("dotnet", "tool", "install", "Perdure.Cli", "--tool-path", tools, "--configfile", sources, "--no-http-cache");

        var perdure = Path.Combine(tools, "perdure");
        var histories = Path.Combine(world.Folder, "packaged.jsonl");
        var inputs = Path.Combine(world.Folder, "packaged.json");
        File.WriteAllText(inputs, """[{"traveller":"Ada","city":"Lisbon","price":70}]""");
        var assembly = world.Assembly("packaged");
        Assert.Contains("3 instances", Passes(perdure, "history", "export", "--store", world.Store, "--out", histories).Errors, StringComparison.Ordinal);
        Assert.Equal("3 instances, 6 visits replayed: 0 break, 0 differ.", Passes(perdure, "replay", "--histories", histories, "--assembly", assembly).Output.Trim());
        Assert.Contains("5 seeds", Passes(perdure, "simulate", "--assembly", assembly, "--workflow", "book-trip", "--inputs", inputs, "--seeds", "5").Output, StringComparison.Ordinal);
    }

    private (string Output, string Errors) Passes(string program, params string[] arguments)
    {
        var (code, output, errors) = World.Finish(program, world.Folder, arguments);
        Assert.True(code == 0, $"{program} {string.Join(' ', arguments)}: {code}\n{output}{errors}");
        return (output, errors);
    }
}
