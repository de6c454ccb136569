namespace Perdure.Kernel.Tests;

/// <summary>Runs a case with a checker beside it.</summary>
internal static class Watch
{
    public static World Play(MapDefinition map, uint[] script, Action<World> attach)
    {
        var world = new World(map);
        attach(world);
        world.Start();
        var late = 0;
        foreach (var number in script)
        {
            // A few commands that come late show that the end is the end.
            if (world.Instance!.Ended && late++ == 4) break;
            world.Give(Outside.Next(world, new(number)));
        }
        return world;
    }
}
