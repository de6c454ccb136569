namespace Perdure.AspNetCore.Tests;

public sealed record Address(string Street, string City);
public sealed record Parcel(string ParcelId, decimal Weight, int Pieces, Address To, string Mood = "calm", string[]? Tags = null);
public sealed record Weighed(decimal Weight);
public sealed record Custody(string Where);
public sealed record Held(string Where);
public sealed record Delivered(string At);
public sealed record Returned(string Why);
public sealed record Nudge(string Text);

public sealed record Nothing;
public sealed record Moved(string Where);

/// <summary>What the tests make happen.</summary>
public sealed class Weather
{
    public Func<string, Attempt, Task> Calm { get; set; } = (_, _) => Task.CompletedTask;
}

public sealed class Weigh : Query<decimal, Weighed>
{
    public override Task<Weighed> Run(decimal input, Attempt attempt) => Task.FromResult(new Weighed(input));
}

public sealed class Carry(Weather weather) : Operation<string, Moved>
{
    public override Retry Retry => Retry.Exponential(10.Milliseconds, attempts: 3);

    public override async Task<Moved> Run(string mood, Attempt attempt)
    {
        attempt.Progress(0.5, "half way");
        await weather.Calm(mood, attempt);
        if (mood == "stormy") throw new PermanentFailure("weather.storm", "A storm.", new InvalidOperationException("Wind force 11."));
        if (mood == "gusty" && attempt.Number < 3) throw new TransientFailure("weather.gust", "A gust.");
        return new("the depot");
    }

    public override Task Undo(string input, Moved? output, Attempt attempt) => Task.CompletedTask;
}

public sealed class Frank : Irreversible<string, Moved>
{
    public override Task<Moved> Run(string input, Attempt attempt) => Task.FromResult(new Moved("the post"));
}

/// <summary>A parcel is weighed, may be held for a person, is carried, awaits a nudge where it is shy, and is delivered; or it comes back.</summary>
public sealed class Parcels(Weigh weigh, Carry carry, Frank frank) : Workflow<Parcel>("parcels", 1)
{
    protected override Map<Parcel> Define(Map<Parcel> map) => map
        .Start("Received").Runs(Receive)
        .Gate<Held>(role: "customs").Decides(Clear)
        .State<Custody>("In_Custody", within: 5.Minutes, page: Severity.High).Runs(Ship)
        .End<Delivered>("DELIVERED").Revoked<Returned>("RETURNED", cancelled: c => new(c.Reason));

    protected override string? BusinessKey(Parcel input) => input.ParcelId;

    public async Task<To<Held, Custody>> Receive(IVisit<Parcel> visit, Parcel parcel)
    {
        if (parcel.Mood == "refused") await visit.Run(carry, "calm", name: "fetch");
        var weighed = await visit.Run(weigh, parcel.Weight);
        return weighed.Weight > 100 ? new Held("the gate") : new Custody("the gate");
    }

    public To<Custody, Returned> Clear(IVisit<Parcel> visit, Held held, Decision decision) =>
        decision.Approved ? new Custody(held.Where) : new Returned(decision.Why);

    public async Task<To<Delivered, Returned>> Ship(IVisit<Parcel> visit, Custody custody)
    {
        if (visit.Input.Mood == "shy") await visit.Signal<Nudge>();
        if (visit.Input.Mood is "mislaid" or "franked")
        {
            await visit.Run(carry, "calm", name: "fetch");
            await visit.Run(weigh, visit.Input.Weight);
            if (visit.Input.Mood == "franked") await visit.Run(frank, "first class");
            throw new InvalidOperationException("It is not where it should be.");
        }
        if (visit.Input.Mood == "broken") throw new InvalidOperationException("The label is torn.");
        var moved = await visit.Try(carry, visit.Input.Mood);
        if (visit.Input.Mood == "refused") return new Returned("refused");
        return moved.Ok ? new Delivered(moved.Value.Where) : new Returned(moved.Failure.Code);
    }
}
