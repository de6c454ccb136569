using Perdure.Kernel;

namespace Perdure.Bench;

/// <summary>The workflow that is measured: five trivial asynchronous operations in one state, each with a result of about 110 bytes; an input of about 340.</summary>
internal sealed class FiveSteps(Trivial trivial) : Workflow<Job>("five-steps", version: 1)
{
    public const int Steps = 5;

    protected override Map<Job> Define(Map<Job> map) => map.Start("Begun").Runs(Work).End<Finished>("FINISHED");

    public async Task<To<Finished>> Work(IVisit<Job> visit, Job job)
    {
        var length = 0;
        for (var step = 1; step <= job.Steps; step++) length += (await visit.Run(trivial, new(step))).Text.Length;
        return new Finished(length);
    }

    public static byte[] Input(int steps = Steps) => System.Text.Encoding.UTF8.GetBytes($$"""{"name":"{{new string('n', 320)}}","steps":{{steps}}}""");
}

internal sealed record Job(string Name, int Steps);
internal sealed record Portion(int Number);
internal sealed record Produced(string Text);
internal sealed record Finished(int Length);

internal sealed class Trivial : Irreversible<Portion, Produced>
{
    private static readonly string Text = new('r', 98);

    public override async Task<Produced> Run(Portion input, Attempt attempt)
    {
        await Task.CompletedTask;
        return new(Text);
    }
}

/// <summary>The same where each operation writes a row of its own inside of the store's transaction.</summary>
internal sealed class FiveInside(Inside inside) : Workflow<Job>("five-inside", version: 1)
{
    protected override Map<Job> Define(Map<Job> map) => map.Start("Begun").Runs(Work).End<Finished>("FINISHED");

    public async Task<To<Finished>> Work(IVisit<Job> visit, Job job)
    {
        var length = 0;
        for (var step = 1; step <= job.Steps; step++) length += (await visit.Run(inside, new(step))).Text.Length;
        return new Finished(length);
    }
}

internal sealed class Inside : TransactedIrreversible<Portion, Produced>
{
    /// <summary>The table that it writes to.</summary>
    public const string Table = "CREATE TABLE IF NOT EXISTS bench_row (number int NOT NULL, text text NOT NULL)";

    private static readonly string Text = new('r', 98);

    public override async Task<Produced> Run(Portion input, StoreTransaction store, Attempt attempt)
    {
        await using var command = store.Connection.CreateCommand();
        (command.Transaction, command.CommandText) = (store.Transaction, $"INSERT INTO bench_row (number, text) VALUES ({input.Number}, '{Text}')");
        await command.ExecuteNonQueryAsync(attempt.Cancelled);
        return new(Text);
    }
}

/// <summary>One visit after another of the same state: an instance with as many transitions as its input says.</summary>
internal sealed class Rounds(Trivial trivial) : Workflow<Job>("rounds", version: 1)
{
    protected override Map<Job> Define(Map<Job> map) => map.Start("Begun").Runs(Begin).State<Round>().Runs(Go).End<Finished>("FINISHED");

    public Task<To<Round>> Begin(IVisit<Job> visit, Job job) => Task.FromResult<To<Round>>(new Round(1));

    public async Task<To<Round, Finished>> Go(IVisit<Job> visit, Round round)
    {
        var produced = await visit.Run(trivial, new(round.Number));
        return round.Number < visit.Input.Steps ? new Round(round.Number + 1) : new Finished(produced.Text.Length);
    }
}

internal sealed record Round(int Number);
