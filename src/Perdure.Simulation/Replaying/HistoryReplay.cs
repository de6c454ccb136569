using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Replay;
using Perdure.Runtime;

namespace Perdure.Simulation.Replaying;

/// <summary>
/// Replays recorded histories against today's code: each visit's body is run against the journal that was recorded, by the code that does it in production. Nothing is done outside.
/// Immutable; each call gives another.
/// </summary>
/// <example><code>
/// var report = HistoryReplay.Against&lt;BookTrip&gt;().Run(RecordedHistory.Read("trips.jsonl"));
/// Assert.True(report.Passed, report.ToString());
/// </code></example>
public sealed record HistoryReplay
{
    /// <summary>How many divergences a report lists; all are counted.</summary>
    public const int Listed = 1_000;

    private ImmutableList<Type> Workflows { get; init; } = [];
    private Action<IServiceCollection> Given { get; init; } = _ => { };
    private string? Only { get; init; }
    // In real time: how long a body may hold its thread.
    internal TimeSpan Patience { get; init; } = Time.Standstill.Usual;

    /// <summary>Replays against one workflow.</summary>
    /// <param name="services">What its constructor takes beside operations. What is not given is made where that needs nothing, and otherwise has a substitute that refuses to be used.</param>
    public static HistoryReplay Against<TWorkflow>(Action<IServiceCollection>? services = null) where TWorkflow : class, IWorkflow => AgainstAll([typeof(TWorkflow)], services);

    /// <summary>Replays against these workflows.</summary>
    /// <param name="workflows">Their classes; several versions of one may be among them.</param>
    /// <param name="services">What their constructors take beside operations.</param>
    public static HistoryReplay AgainstAll(IEnumerable<Type> workflows, Action<IServiceCollection>? services = null) => new() { Workflows = [.. workflows], Given = services ?? (_ => { }) };

    /// <summary>The names and versions of workflows, by their classes.</summary>
    public static IReadOnlyList<(Type Type, string Name, int Version)> Named(IEnumerable<Type> workflows, Action<IServiceCollection>? services = null)
    {
        var collection = new ServiceCollection();
        collection.AddLogging();
        services?.Invoke(collection);
        using var provider = collection.BuildServiceProvider();
        using var scope = provider.CreateScope();
        var substitutes = new Substitutes(scope.ServiceProvider);
        return [.. workflows.Select(type => (type, (IWorkflow)substitutes.Make(type))).Select(made => (made.type, made.Item2.Name, made.Item2.Version))];
    }

    /// <summary>Leaves out the instances of other workflows.</summary>
    public HistoryReplay OnlyOf(string workflow) => this with { Only = workflow };

    /// <summary>Replays histories, one after the other; each is let go of before the next is read.</summary>
    /// <param name="histories">As <see cref="RecordedHistory"/> reads them.</param>
    /// <param name="progress">Told after each instance.</param>
    /// <exception cref="MapException">A workflow's map has problems.</exception>
    /// <exception cref="InvalidOperationException">A body holds its thread.</exception>
    public ReplayReport Run(IEnumerable<RecordedHistory> histories, Action<ReplayReport>? progress = null)
    {
        ReplayReport? report = null;
        Exception? failed = null;
        Running running = new();
        // On a thread of its own: without a synchronization context, under which continuations would not run inline.
        var thread = new Thread(() =>
        {
            try
            {
                report = RunHere(histories, progress, running);
            }
            catch (Exception e)
            {
                failed = e;
            }
        }, 16 * 1024 * 1024) { IsBackground = true };
        using (ExecutionContext.SuppressFlow()) thread.Start();
        if (!Time.Standstill.Join(thread, () => running.Visit, Patience))
            throw new InvalidOperationException($"The body of {running.Visit} holds its thread: it waits for real time, real I/O or another thread. A body waits only for what its visit gives; what else it needs is an operation.");
        if (failed is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failed);
        return report!;
    }

    private ReplayReport RunHere(IEnumerable<RecordedHistory> histories, Action<ReplayReport>? progress, Running running)
    {
        var collection = new ServiceCollection();
        collection.AddLogging();
        collection.AddOptions();
        Given(collection);
        using var services = collection.BuildServiceProvider();
        using var scope = services.CreateScope();
        var codec = new PayloadCodec(scope.ServiceProvider.GetRequiredService<IOptions<PerdureOptions>>().Value.Json);
        var substitutes = new Substitutes(scope.ServiceProvider);
        var registry = new Registry([.. Workflows.Select(type => (IWorkflow)substitutes.Make(type))], substitutes.Steps, codec);

        HashSet<(string, int)> maps = [];
        var report = new ReplayReport(0, 0, 0, 0, 0, []);
        foreach (var history in histories)
        {
            List<HistoryDivergence> found = [];
            var visits = ReplayOne(registry, codec, history, maps, running, found.Add);
            report = report with
            {
                Instances = report.Instances + (visits > 0 ? 1 : 0), Visits = report.Visits + visits, Skipped = report.Skipped + (visits > 0 || found.Count > 0 ? 0 : 1),
                Breaks = report.Breaks + found.Count(d => d.Breaks), Differences = report.Differences + found.Count(d => !d.Breaks),
                Divergences = found.Count == 0 ? report.Divergences : [.. report.Divergences, .. found.Take(Listed - report.Divergences.Count)],
            };
            progress?.Invoke(report);
        }
        return report;
    }

    private int ReplayOne(Registry registry, PayloadCodec codec, RecordedHistory history, HashSet<(string, int)> maps, Running running, Action<HistoryDivergence> tell)
    {
        var header = history.Header;
        if (Only is not null && header.Workflow != Only) return 0;
        if (registry.Find(header.Workflow, header.Version) is not { } carried)
        {
            // Who has ended needs no code any more.
            if (history.Records.Any(r => r.Events.Any(e => e is Transitioned { IsEnd: true }))) return 0;
            tell(new(header.Instance, header.Workflow, header.Version, 0, header.State ?? "", "workflow.absent", Breaks: true,
                $"{header.Workflow} version {header.Version} is not in the code; the instance has not ended and would wait for it."));
            return 0;
        }
        if (header.Map is { } stored && maps.Add((header.Workflow, header.Version)) && MapText.Of(carried.Map) is var offered && offered != stored)
        {
            var changed = new MapChangedException(header.Workflow, header.Version, MapText.Difference(stored, offered));
            tell(new(header.Instance, header.Workflow, header.Version, 0, "", changed.Code, Breaks: true, changed.Message));
        }
        return new VisitReplay(carried, codec, history, running, tell).Run();
    }
}

/// <summary>The visit whose body runs, seen from another thread; null while none does.</summary>
internal sealed class Running
{
    private volatile string? _visit;

    public string? Visit
    {
        get => _visit;
        set => _visit = value;
    }
}
