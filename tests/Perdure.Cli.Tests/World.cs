using System.Diagnostics;
using System.Text.Json;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Perdure.Kernel;
using Perdure.Sqlite;
using Perdure.Tests;

namespace Perdure.Cli.Tests;

/// <summary>A folder with a store that the real engine filled, and the tool as a process of its own.</summary>
public class World : IAsyncLifetime
{
    private IHost? _host;

    public string Folder { get; } = Directory.CreateTempSubdirectory("perdure-cli-").FullName;
    public string Store => Path.Combine(Folder, "trips.db");
    public InstanceId Ended { get; private set; }

    /// <summary>Three trips: one ends well, one is called off, one waits for a signal. The node runs on.</summary>
    public virtual async ValueTask InitializeAsync()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddPerdure(perdure => Use(perdure.Workflow<BookTrip>()));
        _host = builder.Build();
        await _host.StartAsync();
        Ended = await Start(new("Ada", "Lisbon", 70));
        var calledOff = await Start(new("Grace", "Oslo", 170));
        var waiting = await Start(new("Edsger", "Nowhere", 20));
        await Until(Ended, Status.Ended);
        await Until(calledOff, Status.Ended);
        await Until(waiting, Status.Waiting);
    }

    protected virtual void Use(PerdureBuilder perdure) => perdure.UseSqlite(Store);

    /// <summary>What tells the tool where the histories are.</summary>
    public virtual string[] From => ["--store", Store];

    private IPerdure Perdure => _host!.Services.GetRequiredService<IPerdure>();

    private async Task<InstanceId> Start(Trip trip) =>
        Assert.IsType<StartAnswer.Accepted>(await Perdure.Start(new("book-trip", trip.Traveller, JsonSerializer.SerializeToUtf8Bytes(trip, PerdureOptions.DefaultJson())))).Instance;

    private async Task Until(InstanceId instance, Status status)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while ((await Perdure.Get(instance))!.Row is var row && (row.Status != status || (status == Status.Waiting && row.State != nameof(FlightBooked))))
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    /// <summary>The workflow with texts exchanged, compiled into a file.</summary>
    public string Assembly(string name, string more = "", params (string Old, string New)[] changes)
    {
        var code = File.ReadAllText(Path.Combine(Root, "tests/Perdure.Cli.Tests/Trips.cs"));
        foreach (var (old, other) in changes)
        {
            Assert.Contains(old, code, StringComparison.Ordinal);
            code = code.Replace(old, other, StringComparison.Ordinal);
        }
        // What is compiled refers to nothing of this test's own assembly.
        code = code.Replace("namespace Perdure.Cli.Tests;", "namespace Trips;", StringComparison.Ordinal) + more;
        var path = Path.Combine(Folder, name + ".dll");
        var compilation = InMemory.Compile(code).WithAssemblyName(name);
        Assert.Empty(InMemory.Errors(compilation));
        Assert.True(compilation.Emit(path).Success);
        return path;
    }

    public string Exported(params string[] more)
    {
        var file = Path.Combine(Folder, $"{Guid.NewGuid():N}.jsonl");
        var (code, _, errors) = Run(["history", "export", .. From, "--out", file, .. more]);
        Assert.True(code == 0, errors);
        return file;
    }

    /// <summary>Runs the tool to its end.</summary>
    public static (int Code, string Output, string Errors) Run(params string[] arguments) => Finish("dotnet", null, [Tool, .. arguments]);

    /// <summary>The tool as it was built.</summary>
    public static string Tool { get; } = Path.Combine(AppContext.BaseDirectory, "Perdure.Cli.dll");

    /// <summary>Runs a program to its end.</summary>
    public static (int Code, string Output, string Errors) Finish(string program, string? folder, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder ?? "" })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromMinutes(2)))
        {
            process.Kill();
            Assert.Fail($"{program} {string.Join(' ', arguments)} did not end within two minutes.");
        }
        return (process.ExitCode, output.Result, errors.Result);
    }

    public static string Root { get; } = FindRoot();

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Perdure.slnx"))) folder = folder.Parent!;
        return folder.FullName;
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null) await _host.StopAsync();
        if (_host is IAsyncDisposable disposable) await disposable.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
