namespace Perdure.Families.Node;

/// <summary>What a family is for: a number, and whether its youngest waits until it is cancelled.</summary>
public sealed record Errand(string Number, bool Waits);
public sealed record Done(string Number);
public sealed record Undone(string Why);

/// <summary>What the process says as it goes.</summary>
public sealed class Steps
{
    private int _count;

    public void Say(string what) => Console.WriteLine($"{Interlocked.Increment(ref _count)}. {what}");
}

/// <summary>The youngest. Its key is its number.</summary>
public sealed class Youngest(Steps steps) : Workflow<Errand>("youngest", 1)
{
    protected override string? BusinessKey(Errand input) => input.Number;

    protected override Map<Errand> Define(Map<Errand> map) => map.Start("Born").Runs(Go).End<Done>("DONE").Revoked<Undone>("UNDONE", cancelled: by => new(by.Reason));

    public async Task<To<Done, Undone>> Go(IVisit<Errand> visit, Errand task)
    {
        steps.Say($"{task.Number} is born");
        await visit.Sleep(task.Waits ? TimeSpan.FromHours(1) : TimeSpan.FromMilliseconds(20));
        return new Done(task.Number);
    }
}

/// <summary>The one between. It has a key as well.</summary>
public sealed class Middle(Youngest youngest, Steps steps) : Workflow<Errand>("middle", 1)
{
    protected override string? BusinessKey(Errand input) => "middle " + input.Number;

    protected override Map<Errand> Define(Map<Errand> map) => map.Start("Born").Runs(Go).End<Done>("DONE").Revoked<Undone>("UNDONE", cancelled: by => new(by.Reason));

    public async Task<To<Done, Undone>> Go(IVisit<Errand> visit, Errand task)
    {
        steps.Say($"{task.Number} has a child");
        return (await visit.Child(youngest, "youngest", task)).State == "DONE" ? new Done(task.Number) : new Undone("its child");
    }
}

/// <summary>The eldest.</summary>
public sealed class Eldest(Middle middle, Steps steps) : Workflow<Errand>("eldest", 1)
{
    protected override Map<Errand> Define(Map<Errand> map) => map.Start("Born").Runs(Go).End<Done>("DONE").Revoked<Undone>("UNDONE", cancelled: by => new(by.Reason));

    public async Task<To<Done, Undone>> Go(IVisit<Errand> visit, Errand task)
    {
        steps.Say($"{task.Number} has a family");
        return (await visit.Child(middle, "middle", task)).State == "DONE" ? new Done(task.Number) : new Undone("its child");
    }
}
