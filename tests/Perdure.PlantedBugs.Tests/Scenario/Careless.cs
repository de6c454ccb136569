using Perdure;

namespace Perdure.PlantedBugs.Scenario;

public sealed record Errand(int Number);
public sealed record Run(int Turn);

public sealed record Opened(int Number);

public sealed class Stamp : Irreversible<Run, Slip>
{
    public override Task<Slip> Run(Run input, Attempt attempt) => throw new InvalidOperationException();
}

public sealed class Seal : Operation<Run, Slip>
{
    public override Task<Slip> Run(Run input, Attempt attempt) => throw new InvalidOperationException();
    public override Task Undo(Run input, Slip? output, Attempt attempt) => throw new InvalidOperationException();
}

public sealed class Unlock : Operation<Errand, Slip>
{
    public override Task<Slip> Run(Errand input, Attempt attempt) => throw new InvalidOperationException();
    public override Task Undo(Errand input, Slip? output, Attempt attempt) => throw new InvalidOperationException();
}

/// <summary>How often each body was run in this world; what no body may depend on.</summary>
public sealed class Turns
{
    private readonly Dictionary<string, int> _turns = new(StringComparer.Ordinal);

    public int Next(string instance) => _turns[instance] = _turns.GetValueOrDefault(instance) + 1;
}

/// <summary>A body that breaks the rule of the journal and catches everything: it must become an incident all the same. Half of them can begin anew, as what they did can be undone.</summary>
public sealed class Careless(Unlock unlock, Seal seal, Stamp stamp, Turns turns) : Workflow<Errand>("careless", version: 1)
{
    protected override Map<Errand> Define(Map<Errand> map) => map.Start("Begun").Runs(Open).State<Opened>().Runs(Go).End<Run>("Done").Revoked<CalledOff>(cancelled: by => new(by.Reason));

    public async Task<To<Opened, CalledOff>> Open(IVisit<Errand> visit, Errand errand)
    {
        var opened = await visit.Try(unlock, errand);
        return opened.Ok ? new Opened(errand.Number) : new CalledOff(opened.Failure.Code);
    }

    public async Task<To<Run, CalledOff>> Go(IVisit<Errand> visit, Opened opened)
    {
        var turn = turns.Next(visit.Instance);
        try
        {
            await visit.Run(opened.Number % 2 == 0 ? stamp : (Step<Run, Slip>)seal, new Run(turn));
        }
        catch (Exception)
        {
            return new Run(turn);
        }
        await visit.Sleep(8.Seconds);
        return new Run(turn);
    }
}
