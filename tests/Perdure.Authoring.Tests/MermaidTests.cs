using Perdure.Authoring.Tests.Shop;

namespace Perdure.Authoring.Tests;

/// <summary>A map as a picture. Approve yours the same way: edges stand in signatures, so a test that holds the whole picture shows each change.</summary>
public sealed class MermaidTests
{
    [Fact]
    public void The_case_study() => Assert.Equal("""
        stateDiagram-v2
          state "Received" as s0
          state "Inventory_Locked" as s1
          state "Approval (gate: risk-officer)" as s2
          state "Charged" as s3
          state "COMPLETED" as s4
          state "REJECTED" as s5
          state "TRANSACTION_REVOKED (revoked)" as s6
          [*] --> s0
          s0 --> s1
          s0 --> s5
          s1 --> s2
          s1 --> s3
          s1 --> s6
          s2 --> s1
          s2 --> s6
          s3 --> s4
          s3 --> s6
          s4 --> [*]
          s5 --> [*]
          s6 --> [*]

        """, OrderFulfillment.Version1.ToMermaid());

    [Fact]
    public void Names_cannot_break_the_picture() => Assert.Contains("state \"say 'hi' --> s9\" as s0", new Map<Order>().End<Completed>("say \"hi\" --> s9").ToMermaid(), StringComparison.Ordinal);

    [Fact]
    public void Edges_to_nowhere_are_left_out() => Assert.DoesNotContain("s0 -->", OrderFulfillment.Version1.Map.Only<Charged>().ToMermaid(), StringComparison.Ordinal);
}
