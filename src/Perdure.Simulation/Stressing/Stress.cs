using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Perdure.Simulation.Operations;
using Perdure.Simulation.Stressing;

namespace Perdure.Simulation;

/// <summary>
/// Puts one operation, a workflow or a part of its map under load, away from production: in a context of its own, with services given for it alone, a store of its own, arrivals, latencies and
/// faults from a seed, in virtual or in real time. Immutable; each call gives another.
/// </summary>
/// <example><code>
/// var report = Stress.Operation&lt;ChargeCard&gt;()
///     .Inputs((dice, number) => new Payment($"order-{number}", 12.50m))
///     .Takes(Latency.LogNormal(40.Milliseconds, 200.Milliseconds)).Concurrency(20)
///     .Ramp(from: 50, to: 500, step: 50)
///     .Run();
/// </code></example>
public sealed record Stress
{
    private Stress(Subject subject) => Subject = subject;

    private Subject Subject { get; init; }
    private StageOptions Options { get; init; } = new();
    private bool Virtual { get; init; } = true;
    // In real time: how long user code may hold the thread of a stage in virtual time.
    internal TimeSpan Patience { get; init; } = Time.Standstill.Usual;
    private ImmutableArray<double> Rates { get; init; } = [];
    private int Refinements { get; init; }

    /// <summary>One operation. Each arrival is one attempt of it, under a token of its own, as a node would run it.</summary>
    /// <param name="services">What it needs: fakes, a sandbox, settings. Nothing of the program itself comes in.</param>
    public static Stress Operation<TStep>(Action<IServiceCollection>? services = null) where TStep : class, IStep => Of(typeof(TStep), services);

    /// <summary>A workflow, whole unless <see cref="From"/> or <see cref="Until"/> says which part. Each arrival is an instance, on a node and a store of its own.</summary>
    /// <param name="services">What it and its operations need: fakes, a sandbox, settings. Nothing of the program itself comes in, and no store.</param>
    public static Stress Workflow<TWorkflow>(Action<IServiceCollection>? services = null) where TWorkflow : class, IWorkflow => Of(typeof(TWorkflow), services);

    /// <summary>An operation or a workflow by its class.</summary>
    /// <param name="type">The class.</param>
    /// <param name="services">What it needs.</param>
    public static Stress Of(Type type, Action<IServiceCollection>? services = null)
    {
        if (typeof(IStep).IsAssignableFrom(type)) return new(new Subject(type, services ?? (_ => { })));
        if (!typeof(IWorkflow).IsAssignableFrom(type)) throw new ArgumentException($"{type} is neither an operation nor a workflow.", nameof(type));
        return new(new Subject(type, services ?? (_ => { })) { Carries = carried => typeof(PerdureBuilder).GetMethod(nameof(PerdureBuilder.Workflow))!.MakeGenericMethod(type).Invoke(carried, null) });
    }

    /// <summary>What arrives: the input of the operation or of the workflow.</summary>
    /// <param name="input">Makes one; the dice are the seed's, the number counts from 1.</param>
    public Stress Inputs<TInput>(Func<Dice, int, TInput> input) where TInput : class => this with { Subject = Subject with { Input = input } };

    /// <summary>Instances begin in that state, as if they had come to it.</summary>
    /// <param name="data">Makes what is known in it; the dice are the seed's, the number is the arrival's.</param>
    public Stress From<TState>(Func<Dice, int, TState> data) where TState : class => this with { Subject = OfAWorkflow() with { From = typeof(TState), FromData = data } };

    /// <summary>Instances end once they come to that state; several may be named.</summary>
    public Stress Until<TState>() where TState : class => this with { Subject = OfAWorkflow() with { Until = Subject.Until.Add(typeof(TState)) } };

    /// <summary>Puts a function in the place of an operation; latency and faults are injected all the same.</summary>
    /// <remarks>The operation itself is only asked for its policies. What its constructor takes and nobody gave is null.</remarks>
    /// <param name="run">Makes the output; may throw a failure. In real time it is called from several threads.</param>
    public Stress Replace<TStep, TIn, TOut>(Func<TIn, TOut> run) where TStep : Step<TIn, TOut> where TOut : class => With(Options with
    {
        Stands = Options.Stands.SetItem(typeof(TStep), new((codec, input) => codec.Encode(run(codec.Decode<TIn>(input)!)), (_, _) => { })),
    });

    internal Stress Replace(Type operation, Stand stand) => With(Options with { Stands = Options.Stands.SetItem(operation, stand) });

    /// <summary>Attempts that run at the same time at the most, or instances under way; those beyond wait. Unless given: what the operation declares.</summary>
    public Stress Concurrency(int slots) => With(Options with { Concurrency = Positive(slots) });

    /// <summary>Arrivals that wait at the most; those beyond are turned away. 100,000 unless given.</summary>
    public Stress WaitingAtMost(int arrivals) => With(Options with { WaitingMax = arrivals });

    /// <summary>Arrivals in a second.</summary>
    public Stress Rate(double perSecond) => this with { Rates = [Positive(perSecond)] };

    /// <summary>One rate after the other, each in a new context, until one does not stand; then the rates between that one and the last that stood are halved some times.</summary>
    /// <param name="from">The first rate, in a second.</param>
    /// <param name="to">The last.</param>
    /// <param name="step">How much more each time.</param>
    /// <param name="refine">How often the last step is halved.</param>
    public Stress Ramp(double from, double to, double step, int refine = 3) => this with
    {
        Rates = [.. Enumerable.Range(0, 1 + (int)((Positive(to) - Positive(from)) / Positive(step) + 1e-9)).Select(i => from + i * step)], Refinements = refine,
    };

    /// <summary>How arrivals follow each other; Poisson unless said otherwise.</summary>
    public Stress Arriving(Arrivals arrivals) => With(Options with { Arrivals = arrivals });

    /// <summary>How long each rate is measured; a minute unless said otherwise. Longer than the longest instance, so that those that end can follow those that arrive.</summary>
    /// <param name="time">The time that counts.</param>
    /// <param name="warmUp">How long arrivals come before that; a tenth of it unless given.</param>
    public Stress For(TimeSpan time, TimeSpan? warmUp = null) => With(Options with { Time = Positive(time), WarmUp = warmUp });

    /// <summary>Every attempt of every operation, and every undo, takes that much more.</summary>
    public Stress Takes(Latency latency) => With(Options with { LatencyOfAll = latency });

    /// <summary>Every attempt and undo of that operation takes that much more, instead of what is said of all.</summary>
    public Stress Takes<TStep>(Latency latency) where TStep : class, IStep => With(Options with { Latencies = Options.Latencies.SetItem(typeof(TStep), latency) });

    /// <summary>Faults that strike attempts of every operation.</summary>
    /// <param name="transient">Share that fails before its effect and may be tried again (<c>stress.transient</c>).</param>
    /// <param name="permanent">Share that fails for good before its effect (<c>stress.permanent</c>).</param>
    /// <param name="unknown">Share whose answer is lost after its effect (<c>stress.unknown</c>).</param>
    /// <param name="timeout">Share that is never answered and holds its place until the operation's timeout (<c>step.timeout</c>).</param>
    public Stress Faults(double transient = 0, double permanent = 0, double unknown = 0, double timeout = 0) => With(Options with { FaultsOfAll = Shares(transient, permanent, unknown, timeout) });

    /// <summary>Faults that strike attempts of that operation, instead of what is said of all.</summary>
    /// <inheritdoc cref="Faults(double, double, double, double)" path="/param" />
    public Stress Faults<TStep>(double transient = 0, double permanent = 0, double unknown = 0, double timeout = 0) where TStep : class, IStep =>
        With(Options with { Faults = Options.Faults.SetItem(typeof(TStep), Shares(transient, permanent, unknown, timeout)) });

    /// <summary>People decide at the workflow's gates.</summary>
    /// <param name="approved">How likely they approve.</param>
    /// <param name="after">How long they take; they decide at once unless given.</param>
    public Stress Decides(double approved = 1, Latency? after = null) => With(Options with { Answers = Options.Answers.RemoveAll(a => a.State is null).Add(new(null, after, approved)) });

    /// <summary>A message that every instance is sent once it has come to a state.</summary>
    /// <param name="message">Makes it; the dice are the seed's.</param>
    /// <param name="after">How long after it has come there; at once unless given.</param>
    public Stress Sends<TState, TSignal>(Func<Dice, TSignal> message, Latency? after = null) where TState : class where TSignal : class => With(Options with
    {
        Answers = Options.Answers.Add(new(typeof(TState), after, 1, Names.Kebab(typeof(TSignal)), dice => JsonSerializer.SerializeToUtf8Bytes(message(dice), PerdureOptions.DefaultJson()))),
    });

    /// <summary>A rate at which more than one in a hundred takes longer does not stand.</summary>
    public Stress P99Within(TimeSpan bound) => With(Options with { P99Within = bound });

    /// <summary>A rate at which a greater share fails or is turned away does not stand.</summary>
    public Stress FailuresWithin(double share) => With(Options with { FailuresWithin = share });

    /// <summary>In real time: real threads, real clocks, the operation as it is. Virtual unless said.</summary>
    /// <param name="store">For a workflow: names a store in the given folder, such as <c>(node, folder) => node.UseSqlite(Path.Combine(folder, "stress.db"))</c>. The folder is made for each rate and removed after it.</param>
    public Stress InRealTime(Action<PerdureBuilder, string>? store = null) => this with { Virtual = false, Subject = Subject with { Store = store } };

    /// <summary>Runs it.</summary>
    /// <param name="seed">Of arrivals, inputs, latencies and faults.</param>
    /// <param name="progress">Told now and then how far it is.</param>
    /// <param name="cancellation">Ends it; what was seen until then is reported.</param>
    /// <exception cref="InvalidOperationException">Something cannot be run as it was said, or user code leaves virtual time or holds its thread.</exception>
    public StressReport Run(ulong seed = 1, Action<StressProgress>? progress = null, CancellationToken cancellation = default)
    {
        if (Rates.IsEmpty) throw new InvalidOperationException("Say how many arrive: Rate(perSecond) or Ramp(from, to, step).");
        var name = Subject.Type.Name;
        List<StressRow> rows = [];
        foreach (var rate in Rates)
            if (!cancellation.IsCancellationRequested && (rows.Count == 0 || rows[^1].Stands)) Measure(rate);
        for (var i = 0; i < Refinements && !cancellation.IsCancellationRequested; i++)
            if (rows.Where(r => r.Stands).MaxBy(r => r.Rate) is { } stands && rows.Where(r => r is { Stands: false, Cancelled: false }).MinBy(r => r.Rate) is { } breaks)
                Measure((stands.Rate + breaks.Rate) / 2);
        return new() { Subject = name, Seed = seed, Virtual = Virtual, Conditions = Conditions(), Rows = [.. rows.OrderBy(r => r.Rate)] };

        void Measure(double rate)
        {
            var options = Options with { Rate = rate };
            (name, var row) = Virtual ? new VirtualStage(Subject, options, seed, Patience, progress, cancellation).Run() : new RealStage(Subject, options, seed, progress, cancellation).Run();
            rows.Add(row);
        }
    }

    private string Conditions()
    {
        List<string> said = [$"{(Options.Arrivals == Arrivals.Poisson ? "Poisson" : "constant")} arrivals for {Figures.Of(Options.Time)} after {Figures.Of(Options.WarmsUp)}"];
        if (Options.Concurrency is { } slots) said.Add(string.Create(CultureInfo.InvariantCulture, $"{slots} at once"));
        if (Options.LatencyOfAll is { } latency) said.Add($"latency {latency}");
        said.AddRange(Options.Latencies.OrderBy(l => l.Key.Name, StringComparer.Ordinal).Select(l => $"{l.Key.Name} latency {l.Value}"));
        if (Options.FaultsOfAll != FaultShares.None) said.Add($"faults {Options.FaultsOfAll}");
        said.AddRange(Options.Faults.OrderBy(f => f.Key.Name, StringComparer.Ordinal).Select(f => $"{f.Key.Name} faults {f.Value}"));
        return string.Join("; ", said);
    }

    private Subject OfAWorkflow() => Subject.Carries is not null ? Subject : throw new InvalidOperationException($"{Subject.Type.Name} is an operation; only a workflow has states.");

    private Stress With(StageOptions options) => this with { Options = options };

    private static FaultShares Shares(double transient, double permanent, double unknown, double timeout)
    {
        foreach (var share in (double[])[transient, permanent, unknown, timeout]) ArgumentOutOfRangeException.ThrowIfNegative(share);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(transient + permanent + unknown + timeout, 1 + 1e-9);
        return new(transient, permanent, unknown, timeout);
    }

    private static int Positive(int value) => value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "It must be more than 0.");
    private static double Positive(double value) => value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "It must be more than 0.");
    private static TimeSpan Positive(TimeSpan value) => value > TimeSpan.Zero ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "It must be more than 0.");
}
