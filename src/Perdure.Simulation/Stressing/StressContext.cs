using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Perdure.Ports;
using Perdure.Replay;
using Perdure.Runtime;
using Perdure.Simulation.Operations;

namespace Perdure.Simulation.Stressing;

/// <summary>What is put under stress.</summary>
/// <param name="Type">The operation or the workflow.</param>
/// <param name="Given">Services of the user's own, for this alone.</param>
internal sealed record Subject(Type Type, Action<IServiceCollection> Given)
{
    /// <summary>What the node of a workflow carries; null for an operation.</summary>
    public Action<PerdureBuilder>? Carries { get; init; }
    /// <summary>The state that a part begins in; null where it is the start.</summary>
    public Type? From { get; init; }
    /// <summary>The states that a part ends in.</summary>
    public System.Collections.Immutable.ImmutableHashSet<Type> Until { get; init; } = [];
    /// <summary>Makes what the workflow or the operation gets.</summary>
    public Func<Dice, int, object>? Input { get; init; }
    /// <summary>Makes what is known in the first state of a part.</summary>
    public Func<Dice, int, object>? FromData { get; init; }
    /// <summary>Names a store of the stage's own in a folder that is removed afterwards; for real time.</summary>
    public Action<PerdureBuilder, string>? Store { get; init; }
}

/// <summary>The services, operations and workflows of one stage: made for it and ended with it. No store and no hosted service of the program comes in.</summary>
internal sealed class StressContext : IDisposable
{
    private readonly ServiceProvider _services;
    private readonly IServiceScope _scope;
    private readonly Subject _subject;

    public StressContext(Subject subject, StageOptions options, TimeProvider clock, string? folder)
    {
        _subject = subject;
        var collection = new ServiceCollection();
        collection.AddLogging();
        collection.AddOptions();
        collection.AddSingleton(clock);
        subject.Given(collection);
        if (collection.Any(s => s.ServiceType == typeof(IStore)))
            throw new InvalidOperationException("The services given to a stress stage bring a store. A stage has one of its own, so that it cannot touch production data: leave AddPerdure and its store out, and give what operations and workflows need.");
        foreach (var (type, _) in options.Stands) collection.AddTransient(type, services => OperationHandle.Of(type, services));
        var builder = new PerdureBuilder(collection);
        subject.Carries?.Invoke(builder);
        if (subject.Carries is null) typeof(PerdureBuilder).GetMethod(nameof(PerdureBuilder.Operation))!.MakeGenericMethod(subject.Type).Invoke(builder, null);
        if (folder is not null) subject.Store?.Invoke(builder, folder);
        _services = collection.BuildServiceProvider();
        _scope = _services.CreateScope();
        Options = _services.GetRequiredService<IOptions<PerdureOptions>>().Value;
        Codec = new(Options.Json);
        Registry = new(builder.Workflows.Select(Made), builder.Steps.Select(type => (IStep)_scope.ServiceProvider.GetRequiredService(type)), Codec);
        Operations = new ScopedOperations(_services.GetRequiredService<IServiceScopeFactory>());
        if (subject.Carries is null) Step = Registry.Step(((IStep)_scope.ServiceProvider.GetRequiredService(subject.Type)).Name);
    }

    public PerdureOptions Options { get; }
    public PayloadCodec Codec { get; }
    public Registry Registry { get; }
    public IOperations Operations { get; }
    /// <summary>The operation; null for a workflow.</summary>
    public CarriedStep? Step { get; }
    /// <summary>The workflow, or the part of it; null for an operation.</summary>
    public IVisitable? Workflow { get; private set; }

    /// <summary>The store that was named for it.</summary>
    public IStore Store() => _services.GetService<IStore>()
        ?? throw new InvalidOperationException("In real time a workflow needs a store: InRealTime((node, folder) => node.UseSqlite(Path.Combine(folder, \"stress.db\"))). The folder is removed afterwards.");

    /// <summary>How many may be under way at the same time.</summary>
    public int SlotsOf(StageOptions options) => options.Concurrency ?? (Step is not { } step ? int.MaxValue : step.Handle.Concurrency > 0 ? step.Handle.Concurrency : Options.OperationsMax);

    /// <summary>What it is called in reports.</summary>
    public string Name => Step?.Handle.Name
        ?? Workflow!.Name + (_subject.From is null && _subject.Until.IsEmpty ? "" : $", {StateName(_subject.From) ?? "start"} → {string.Join(" or ", _subject.Until.Select(StateName).Order(StringComparer.Ordinal).DefaultIfEmpty("ends"))}");

    /// <summary>What an arrival brings, as JSON.</summary>
    public byte[] Input(Dice dice, long number)
    {
        var count = (int)Math.Min(number, int.MaxValue);
        var type = Step?.Handle.InputType ?? Whole.InputType;
        var input = _subject.Input?.Invoke(dice, count) ?? throw new InvalidOperationException($"Say what arrives: Inputs((dice, number) => new {Names.Of(type)}(…)).");
        if (!type.IsInstanceOfType(input)) throw new InvalidOperationException($"Inputs makes {Names.Of(input.GetType())}, and {Step?.Handle.Name ?? Whole.Name} takes {Names.Of(type)}.");
        if (_subject.From is { } from) input = Activator.CreateInstance(typeof(PartInput<,>).MakeGenericType(type, from), input, _subject.FromData!(dice, count))!;
        var declared = _subject.From is null ? type : input.GetType();
        return Codec.Encode(input, declared, declared).Body.ToArray();
    }

    private IVisitable Whole { get; set; } = null!;

    private IWorkflow Made(Type type)
    {
        var made = (IVisitable)_scope.ServiceProvider.GetRequiredService(type);
        if (type != _subject.Type) return made;
        Whole = made;
        return Workflow = _subject.From is { } from ? Excerpt.From(made, from, _subject.Until) : _subject.Until.IsEmpty ? made : Excerpt.Until(made, _subject.Until);
    }

    private string? StateName(Type? type) => Whole.States.FirstOrDefault(s => s.Type == type)?.Name;

    public void Dispose()
    {
        _scope.Dispose();
        _services.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }
}
