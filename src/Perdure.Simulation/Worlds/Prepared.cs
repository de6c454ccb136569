using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Perdure.Kernel;
using Perdure.Replay;
using Perdure.Runtime;
using Perdure.Simulation.Exploring;
using Perdure.Simulation.Nodes;
using Perdure.Simulation.Oracles;
using Perdure.Simulation.Refining;
using Perdure.Simulation.Reporting;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation;

public sealed partial record Simulate
{
    /// <summary>What every run of a simulation shares: made once.</summary>
    private sealed class Prepared : IDisposable
    {
        private readonly Simulate _simulation;
        private readonly ServiceProvider _services;
        private readonly WorldOptions _options;
        private readonly string _build;

        public Prepared(Simulate simulation)
        {
            _simulation = simulation;
            var collection = new ServiceCollection();
            collection.AddLogging();
            collection.AddOptions();
            simulation.Given(collection);
            foreach (var (type, _) in simulation.Stands) collection.AddTransient(type, services => Operations.OperationHandle.Of(type, services));
            var builder = new PerdureBuilder(collection);
            simulation.Carried(builder);
            var upgraded = simulation.Newer is null ? null : new PerdureBuilder(collection);
            if (upgraded is not null) simulation.Newer!(upgraded);
            _services = collection.BuildServiceProvider();
            var definitions = new Definitions(_services, builder);
            var settings = _services.GetRequiredService<IOptions<PerdureOptions>>().Value;
            // The oracles look at everything that ever was.
            settings.Retention = new() { FinishedFor = null, KeysFor = null };
            var carriage = new Carriage(definitions.Registry, definitions.Codec, new ScopedOperations(_services.GetRequiredService<IServiceScopeFactory>()), settings);
            var newest = upgraded is null ? definitions : new Definitions(_services, upgraded);
            var untimed = new Registry(newest.Registry.All.Select(c => (IWorkflow)c.Workflow), newest.Registry.Steps.Select(s => new UntimedStep(s.Handle)), newest.Codec);
            var maps = newest.Registry.All.Select(c => c.Map).ToList();
            _build = string.Join('/', maps.Select(m => m.Build).OfType<string>().Prepend(typeof(Simulate).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "?").Distinct());
            var possible = Enum.GetValues<FaultKind>().Where(k => simulation.Faulty && Recipe(0).Rate(k) != 0).ToImmutableArray();
            Reach = new(possible, maps.Any(m => m.States.Any(s => s.Kind == StateKind.Gate)));
            _options = new()
            {
                Carriage = (_, _) => carriage, Stands = simulation.Stands, Loads = simulation.Loads, Invariants = simulation.Invariants, Script = simulation.Script, Patience = simulation.Patience,
                Refined = simulation.Faulty || simulation.Script.Count > 0 ? simulation.RefinedCount : 0, NotRefined = simulation.NotRefined, Untimed = carriage with { Registry = untimed },
                Newer = upgraded is null ? null : carriage with { Registry = newest.Registry }, UpgradedAt = simulation.UpgradedAt,
                Mails = simulation.Mails, Pauses = simulation.PauseShare, Cancels = simulation.CancelShare,
                EventsMax = simulation.Happenings ?? 5_000_000, QuietWithin = simulation.Quiet ?? TimeSpan.FromHours(24),
            };
        }

        public Reach Reach { get; }

        public Recipe Recipe(ulong seed) => new(seed)
        {
            Build = _build, Nodes = _simulation.NodeCount, Lanes = _simulation.LaneCount, Starts = [.. _simulation.Loads.Select(l => l.Count)], Faulty = _simulation.Faulty, OnlyNamed = _simulation.OnlyNamed,
            Sends = [.. _simulation.Mails.Select(m => m.Count)],
            FaultsFor = _simulation.FaultsLast, Operator = _simulation.Retries, Rates = _simulation.Rates.ToImmutableSortedDictionary(),
        };

        public SeedReport Run(Recipe recipe, bool traced = false, bool timed = false)
        {
            var options = Options(recipe) with { Traced = traced, Timed = timed, Reach = timed ? null : Reach };
            var (world, violation) = Run(options, recipe.Seed);
            return new(recipe.Seed, violation, world.Watch.Events, world.Now - World.Begins, world.Trace?.Hash())
            {
                Lines = world.Trace?.Lines, Recipe = recipe, Timeline = world.Timeline, Strikes = world.Nemesis.Fell, Happened = world.Schedule.Happened,
                Refined = world.Watch.Refinement.Compared, NotRefined = world.Watch.Refinement.Incomparable,
                Struck = Enum.GetValues<FaultKind>().Where(k => world.Faults.Struck(k) > 0).ToHashSet(), Fell = [.. Enum.GetValues<FaultKind>().SelectMany(k => world.Faults.Fell(k).Select(number => (k, number)))],
            };
        }

        public SeedReport Minimised(Recipe recipe, SeedReport failed, CancellationToken cancellation)
        {
            if (cancellation.IsCancellationRequested) return failed with { Minimised = "Not minimised, since it was stopped.\n" };
            var again = Run(recipe, timed: true);
            // What fails for another reason than the first time, or not at all, cannot be shrunk: any smaller run may say anything.
            if (again.Violation?.Oracle != failed.Violation!.Oracle)
                return failed with { Repeats = false, Timeline = again.Violation is null ? null : again.Timeline, Minimised = OnlyOnce(failed, again) };
            var minimiser = new Minimiser(r => Run(r, timed: true), _simulation.Script.Count, _simulation.PauseShare > 0, _simulation.CancelShare > 0, _simulation.MinimisingRuns, _simulation.MinimisingTime, cancellation);
            var least = minimiser.Shrink(recipe, again);
            return least.Report with { Minimised = $"Minimised in {minimiser.Runs} runs{(cancellation.IsCancellationRequested ? ", until it was stopped" : minimiser.CutOff ? ", where the bound ended it" : "")}.\n{Left(least.Report)}\n" };
        }

        private static string Left(SeedReport least) => string.Create(CultureInfo.InvariantCulture,
            $"Left: {Count(least.Recipe.StartCount, "start")} on {Count(least.Recipe.Nodes, "node")}; faults: {(least.Struck.Count == 0 ? "none" : string.Join(", ", least.Struck.Order()))}.");

        private static string Count(int count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(count == 1 ? "" : "s")}");

        private static string OnlyOnce(SeedReport failed, SeedReport again) => string.Create(CultureInfo.InvariantCulture,
            $"The same seed {(again.Violation is { } other ? $"failed otherwise the second time, with {other.Message}" : "did not fail again")}{(again.Violation is null ? ":" : " So")} something outside of the simulation decides.\nThe first time: {failed.Events:N0} events, {failed.Happened:N0} things happened, {failed.Time} of the world's time; faults: {(failed.Struck.Count == 0 ? "none" : string.Join(", ", failed.Struck.Order()))}.\nIt was {failed.Recipe}\n");

        public CrashReport CrashEverywhere(ulong seed)
        {
            List<string> points = [];
            var options = Options(Recipe(seed));
            var (calm, violation) = Run(options with { Durable = batch => points.Add(Words(batch)) }, seed);
            if (violation is not null) return new(points.Count, 0, [new(0, false, "no crash", violation.Message)], 0, 0);
            var undisturbed = new Outcomes(calm);
            List<CrashDifference> differences = [];
            var (notCompared, inAnotherOrder) = (0, 0);
            for (var point = 1; point <= points.Count; point++)
                foreach (var before in (bool[])[true, false])
                {
                    Comparison? comparison = null;
                    var (_, wrong) = Run(options with { Crash = new(point, before), Undisturbed = undisturbed }, seed, world => comparison = undisturbed.With(new(world), id => Alone(world, id)));
                    if (comparison is null)
                    {
                        differences.Add(new(point, before, points[point - 1], wrong!.Message));
                        continue;
                    }
                    (notCompared, inAnotherOrder) = (notCompared + comparison.NotCompared, inAnotherOrder + comparison.InAnotherOrder);
                    differences.AddRange(comparison.Differences.Select(difference => new CrashDifference(point, before, points[point - 1], difference)));
                }
            return new(points.Count, 2 * points.Count, differences, notCompared, inAnotherOrder);
        }

        private (string?, string?) Alone(World world, InstanceId id)
        {
            var run = new CalmRun(world, id, _options.Untimed!, RefinesCalm.Later);
            run.Run();
            return (run.Difference, run.Incomparable);
        }

        public ExploreReport Explore(int depth, int paths)
        {
            var one = Recipe(1) with { Nodes = 1, Starts = [.. _simulation.Loads.Select(_ => 1)] };
            return new Exploration(choices => Run(Options(one) with { Choices = choices }, one.Seed), depth, paths).Walk();
        }

        private static string Words(Ports.Batch batch) => string.Join("; ", batch.Items.Select(i => string.Join(", ", EventCodec.Read(i.Body).Select(Reporting.Timeline.Words))));

        private WorldOptions Options(Recipe recipe) => _options with
        {
            Nodes = recipe.Nodes, SharedLanes = recipe.Lanes, Faulty = recipe.Faulty, FaultyFor = recipe.FaultsFor, Rate = recipe.Rate, Off = recipe.Off, Pinned = recipe.Pinned, Skipped = recipe.Skipped, Unscripted = recipe.Unscripted, Unasked = recipe.Unasked, OperatorRetries = recipe.Operator,
            Mails = [.. _simulation.Mails.Select((mail, i) => i < recipe.Sends.Length ? mail with { Sent = recipe.Sends[i] } : mail)], Without = (recipe.WithoutPauses, recipe.WithoutCancels),
            Loads = [.. _simulation.Loads.Select((load, i) => i < recipe.Starts.Length ? load with { Count = recipe.Starts[i] } : load)],
        };

        private (World World, Violation? Violation) Run(WorldOptions options, ulong seed, Action<World>? afterwards = null)
        {
            World? world = null;
            Violation? violation = null;
            // On a thread of the world's own: without a synchronization context or scheduler, under which continuations would not run inline.
            var thread = new Thread(() =>
            {
                try
                {
                    world = new World(options, seed);
                    world.Enter();
                    world.Run();
                    afterwards?.Invoke(world);
                }
                catch (Violation found)
                {
                    violation = found;
                }
                catch (Exception e)
                {
                    violation = new("simulator", e.ToString());
                }
                finally
                {
                    World.Exit();
                }
            }, 16 * 1024 * 1024) { IsBackground = true };
            using (ExecutionContext.SuppressFlow()) thread.Start();
            // A world whose thread stands still waits in user code for something that the world cannot bring about.
            for (var happened = -1L; !thread.Join(StandsStill(options)) && !System.Diagnostics.Debugger.IsAttached;)
            {
                if (world is not { } seen) continue;
                if (seen.Schedule.Happened == happened) return (seen, new("escapes", $"The world's thread stands still in '{seen.Schedule.Doing}'. {seen.Watch.Running()}"));
                happened = seen.Schedule.Happened;
            }
            return (world ?? throw violation!, violation);
        }

        // Longer than an operation is waited for.
        private static TimeSpan StandsStill(WorldOptions options) => 3 * options.Patience;

        public void Dispose() => _services.Dispose();
    }
}
