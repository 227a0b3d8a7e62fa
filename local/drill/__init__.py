"""The fire drill: the whole local stack against markets that do their worst, and a scoreboard of what came of it."""
