namespace Perdure.Analyzers.Tests;

/// <summary>What the snippets stand in.</summary>
internal static class Code
{
    public const string Domain = """
        public sealed record Order(string Id, List<string> Lines, decimal Total);
        public sealed record Held(string Hold);
        public sealed record Done(string Id);
        public sealed record Gone(string Why);
        public sealed record Parcel(string Sku);
        public sealed class Reserve : Operation<string, Parcel>
        {
            public override async Task<Parcel> Run(string input, Attempt attempt) { await Task.Delay(1); return new(DateTime.UtcNow.ToString()); }
            public override Task Undo(string input, Parcel? output, Attempt attempt) => Task.CompletedTask;
        }
        public sealed class Pick : Irreversible<string, Parcel> { public override Task<Parcel> Run(string input, Attempt attempt) => throw new NotSupportedException(); }
        """;

    /// <summary>A workflow with one body of those statements; the usual things are at hand.</summary>
    public static string Body(string statements, string members = "") => $$"""
        {{Domain}}
        public sealed class Flow(Reserve reserve, Pick pick, HttpClient http, TimeProvider time, Random dice) : Workflow<Order>("flow", 1)
        {
            protected override Map<Order> Define(Map<Order> map) => map.Start().Runs(Go).End<Done>().Revoked<Gone>();
            public async Task<To<Done, Gone>> Go(IVisit<Order> visit, Order order)
            {
                {{statements}}
                await visit.Sleep(1.Seconds);
                return new Done(order.Id);
            }
            {{members}}
            public override string ToString() => $"{reserve} {pick} {http} {time} {dice}";
        }
        """;
}
