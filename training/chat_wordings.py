"""What people ask about a clip, each question in several wordings. `{one}` stands for how a shape is called.

Held-out unanswerable questions are never trained on; the development ones choose between trainings, the others score.
"""

REFUSAL = "I cannot tell."

QUESTIONS: dict[str, tuple[str, ...]] = {
    "how many": (
        "How many shapes are there?", "How many shapes do you see?", "How many things are there?",
        "How many are there?", "How many shapes can you see?", "How many shapes are in the video?",
        "Count the shapes.", "How many objects are there?", "How many objects do you see?",
    ),
    "what is there": (
        "What is there?", "What do you see?", "What can you see?", "What is in the video?", "What is shown?",
        "Which shapes are there?", "What can be seen?", "What shapes do you see?",
        "What objects are there?", "What is this?", "What is in this clip?",
    ),
    "background": (
        "What colour is the background?", "Which colour is the background?", "What is the background like?",
        "What colour does the background have?", "What is behind everything?", "And the background?",
    ),
    "light": (
        "Is it dark or bright?", "How light is it?", "How bright is it?", "Is the video dark or bright?",
        "What is the light like?", "How is the light?", "How bright is the video?", "Is the scene bright or dark?",
    ),
    "main colour": (
        "What is the main colour?", "Which colour is there most of?", "What colour is it mostly?",
        "Which is the main colour?", "What colour is most of the video?", "What is the main colour of the video?",
    ),
    "camera": (
        "What does the camera do?", "How does the camera move?", "Which way does the camera move?",
        "Does the camera move?", "What did the camera do?", "Where does the camera go?", "And the camera?",
    ),
    "cut": (
        "Is there a cut?", "Is there a cut in the video?", "Does the scene change?", "Does the video cut?",
        "Can you see a cut?", "Is there a cut to another scene?", "Are there any cuts?",
    ),
    "what moves": (
        "What moves?", "What is moving?", "Which one moves?", "What moves in the video?", "Which shape moves?",
        "What moved?", "Which of them moves?",
    ),
    "what stays": ("What stays still?", "Which one stays still?", "What does not move?", "Which shape stays still?"),
    "what goes": (
        "What moves {way}?", "Which one moves {way}?", "What goes {way}?", "Which shape moves {way}?",
        "Which one goes {way}?",
    ),
    "place": ("What is {place}?", "What do you see {place}?", "What can you see {place}?", "Which shape is {place}?"),
    "first": ("What appears first?", "What comes first?", "What is there first?", "What do you see first?"),
    "last": ("What appears last?", "What comes last?", "What is there at the end?", "What do you see last?"),
    "second": ("What appears second?", "What comes second?"),
    "colour": (
        "What colour is {one}?", "Which colour is {one}?", "What is the colour of {one}?", "What colour has {one}?",
    ),
    "shape": ("What shape is {one}?", "Which shape is {one}?", "What is the shape of {one}?", "What shape has {one}?"),
    "motion": (
        "Which way does {one} go?", "Which way does {one} move?", "What does {one} do?", "Where does {one} go?",
        "How does {one} move?", "Which way did {one} go?", "What did {one} do?", "Where does {one} move?",
        "What happens to {one}?", "In which direction does {one} go?", "Which direction does {one} move?",
        "In what direction does {one} move?", "Does {one} move?",
    ),
    "present": ("Is there {thing}?", "Can you see {thing}?", "Do you see {thing}?", "Is {thing} in the video?"),
}  # fmt: skip
"""Wordings of each kind of question that stands on its own."""

FOLLOW_UPS: dict[str, tuple[str, ...]] = {
    "colour": (
        "What colour is it?", "Which colour is it?", "What is its colour?", "And its colour?", "And what colour is it?",
        "What colour was it?",
    ),
    "shape": (
        "What shape is it?", "Which shape is it?", "What is its shape?", "And its shape?", "And what shape is it?",
        "What shape was it?",
    ),
    "motion": (
        "Which way does it go?", "Which way did it go?", "Which way does it move?", "What does it do?",
        "What did it do?", "Where does it go?", "And which way does it go?", "And what does it do?",
        "How does it move?", "Which way?", "In which direction?", "In which direction does it go?", "Does it move?",
    ),
    "other": (
        "And the other one?", "What about the other one?", "And the other?", "And what about the other one?",
        "What about the other?", "The other one?",
    ),
    "same": ("And {one}?", "What about {one}?", "And what about {one}?"),
    "next": (
        "And then?", "What comes next?", "And next?", "What comes after that?", "And after that?", "What is next?",
    ),
}  # fmt: skip
"""Wordings of the questions that only make sense with the turns before them."""

_THINGS = (
    "man", "woman", "dog", "cat", "car", "child", "bird", "tree", "house", "person", "horse", "boat", "flower", "table",
    "cloud", "hand", "face", "ball", "road", "building",
)  # fmt: skip

_ABOUT_THINGS = (
    "Is there a {thing}?", "Do you see a {thing}?", "What does the {thing} do?", "What colour is the {thing}?",
    "Where is the {thing}?", "Who is the {thing}?", "What is the name of the {thing}?", "How old is the {thing}?",
    "Which way does the {thing} go?", "Why does the {thing} move?", "How many people are there?", "And the {thing}?",
    "Is the {thing} happy?", "What kind of {thing} is it?", "How big is the {thing}?", "Whose {thing} is it?",
    "Does the {thing} speak?", "What is the {thing} made of?", "What brand is the {thing}?", "What about the {thing}?",
    "What does the {thing} say?", "What is the {thing} called?", "What shape is the {thing}?",
)  # fmt: skip

_PLAIN = (
    "Who is it?", "What is its name?", "What is his name?", "Who is in the video?", "Who made this video?",
    "What is the title?", "What is it called?", "Why does it move?", "Why is it there?", "Why?", "Why did it happen?",
    "What do you hear?", "Is there music?", "What sound does it make?", "Is it loud?", "What is the song?",
    "What does he say?", "What language do they speak?", "What is the text?", "What does it say?", "Can you read it?",
    "What is written there?", "What time is it?", "What day is it?", "Is it morning or evening?", "Is it summer?",
    "When was it made?", "What year is it?", "Where was it made?", "Which city is this?", "What country is it?",
    "How much does it cost?", "What is the price?", "Who sells it?", "What brand is it?", "Which company made it?",
    "Is it happy?", "How does it feel?", "Is she sad?", "Are they friends?", "Do you like it?", "Is it good?",
    "What is it made of?", "How heavy is it?", "How tall is it?", "How far is it?", "How fast is it?", "Is it hot?",
    "What happens after the video?", "What happened before?", "What will happen next week?", "What does it mean?",
    "What is the weather like?", "Does it rain?", "How cold is it?", "What does it smell like?", "Is it real?",
    "What is the story?", "Who won?", "What is the score?", "Tell me a joke.", "Write a poem.", "What is two plus two?",
    "Who are you?", "What is the phone number?", "What are they eating?", "What is he doing?", "Is anyone there?",
    "How old is it?", "Which film is it?", "Who is the actor?", "Is it dangerous?", "What is inside it?",
    "How long is the video?", "What is the camera called?", "Who holds the camera?", "Why is it dark?",
    "Why is it that colour?", "Which team plays?", "What is on the table?", "Hello.", "Thank you.", "Are you sure?",
)  # fmt: skip

UNANSWERABLE: tuple[str, ...] = (
    *_PLAIN,
    *(wording.format(thing=thing) for wording in _ABOUT_THINGS for thing in _THINGS),
)
"""Unanswerable questions of training; those about things are many, so plain ones are drawn as often as them."""
PLAIN_UNANSWERABLE = _PLAIN

DEVELOPMENT_UNANSWERABLE = (
    "Who filmed this?", "What is her name?", "Is there any sound?", "Why does the shape turn?",
    "What is the temperature?", "How much is the car?", "Which season is it?", "What does the sign say?",
    "Is the dog tired?", "Where does he live?", "What did they eat?", "Who directed the film?", "Is it expensive?",
    "What is the man thinking?", "When did it start?",
)  # fmt: skip
EVALUATION_UNANSWERABLE = (
    "Who is the person in this video?", "What is the name of that animal?", "Can you hear any voices?",
    "What song is playing?", "Why is it moving?", "For what reason does it go there?", "Which brand of shoes is that?",
    "What hour of the day is it?", "Is it night time?", "What is written on the wall?", "Read me the text.",
    "How much did it cost?", "What is the price of the car?", "How does the woman feel?", "Is the child sad?",
    "In which country was this filmed?", "When was this recorded?", "Who is the director?", "What material is it?",
    "How many kilograms does it weigh?", "What happens after the end?", "What language is spoken?",
    "Is the dog a poodle?", "Where did she buy it?", "Do the people know each other?", "What is the capital of France?",
    "Does it taste good?", "Is that a real animal?", "What is the man's job?", "How many trees are there?",
)  # fmt: skip
