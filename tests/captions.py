"""Captions as vision-language models write them, and what is told of some of them."""

from __future__ import annotations

TOLD = [
    (
        "A man and a woman are sitting at a table in a restaurant.",
        "Two people are sitting at a table in a restaurant.",
    ),
    (
        "The image shows a smiling young woman in her 30s.",
        "There is a person.",
    ),
    (
        "A young woman with long brown hair is smiling at the camera while holding a red cup.",
        "A person with long brown hair is holding a red cup.",
    ),
    (
        "The picture depicts an elderly man sitting on a bench next to a dog.",
        "A person sitting on a bench. There is a dog.",
    ),
    (
        "In this image, we can see a man wearing a blue shirt and black glasses. He is looking at the camera.",
        "A person wearing a blue shirt and black glasses. They are looking at the camera.",
    ),
    (
        "A happy family of four is posing in front of a house.",
        "Four people are posing. There is a house.",
    ),
    (
        "Two men are playing chess in the park. One of them is wearing a hat.",
        "Two people are playing chess in the park. One of them is wearing a hat.",
    ),
    (
        "A boy is riding a bicycle on the street.",
        "A person is riding a bicycle on the street.",
    ),
    (
        "A woman is standing behind a counter, and she has a serious expression on her face.",
        "A person is standing. There is a counter.",
    ),
    (
        "The man appears to be in his 40s and is wearing a black suit with a red tie.",
        "The person is wearing a black suit with a red tie.",
    ),
    (
        "On the left side of the image, there is a white cup. On the right, a laptop is visible.",
        "There is a white cup. There is a laptop.",
    ),
    (
        "In the background, there is a bookshelf filled with books.",
        "There is a bookshelf filled with books.",
    ),
    (
        "A cat is lying on a sofa near the window.",
        "A cat is lying on a sofa.",
    ),
    (
        "The image captures a man with a beard, who is wearing glasses and a gray t-shirt. "
        "He has a neutral expression on his face and is looking directly at the camera. The background is blurred.",
        "A person, who is wearing glasses and a gray t-shirt. They are looking directly at the camera.",
    ),
    (
        "A person is sitting in front of a computer with a cup of coffee beside them.",
        "A person is sitting with a cup of coffee. There is a computer.",
    ),
    (
        "Barack Obama is speaking at a podium.",
        "A person is speaking at a podium.",
    ),
    (
        "John Smith is wearing a hat.",
        "A person is wearing a hat.",
    ),
    (
        "A couple sits on a bench and looks at the sea.",
        "Two people sit on a bench and look at the sea.",
    ),
    (
        "A little girl in a pink dress is holding her mother's hand.",
        "A person in a pink dress is holding another person's hand.",
    ),
    (
        "An Asian woman with dark hair is cooking in a kitchen. She looks happy.",
        "A person with dark hair is cooking in a kitchen.",
    ),
    (
        "The overall atmosphere of the scene is calm and relaxed.",
        "",
    ),
    (
        "A black man in a white shirt is talking on the phone, suggesting he is busy.",
        "A person in a white shirt is talking on the phone.",
    ),
    (
        "A bottle of water is on the table to the left of a laptop.",
        "A bottle of water is on the table. There is a laptop.",
    ),
    (
        "A group of young people are laughing together around a table.",
        "A group of people together around a table.",
    ),
    (
        "A dog is running in the grass with a ball in its mouth.",
        "A dog is running in the grass with a ball in its mouth.",
    ),
    (
        "A 5-year-old boy is playing with a toy car on the floor.",
        "A person is playing with a toy car on the floor.",
    ),
    (
        "There are three people in the picture: a man, a woman and a child.",
        "There are three people.",
    ),
    (
        'A man is holding a sign that says "He is happy on the left".',
        'A person is holding a sign that says "He is happy on the left".',
    ),
    (
        "The room has a desk with two monitors and a chair in front of it.",
        "The room has a desk with two monitors and a chair.",
    ),
    (
        "A man stands in the doorway with his hands in his pockets, looking sad.",
        "A person stands in the doorway with their hands in their pockets.",
    ),
    (
        "A hand is holding a pen.",
        "A hand is holding a pen.",
    ),
    (
        "A woman in a red coat walks past a parked car.",
        "A person in a red coat walks past a parked car.",
    ),
    (
        "He wears a watch and carries a backpack.",
        "They wear a watch and carry a backpack.",
    ),
    (
        "The woman is pregnant and holds her belly.",
        "The person holds their belly.",
    ),
    (
        "A baby stroller is parked next to a tree.",
        "A baby stroller is parked. There is a tree.",
    ),
    (
        "A man and his dog are walking on the beach.",
        "A person and their dog are walking on the beach.",
    ),
    (
        "Behind her, there is a whiteboard with writing on it.",
        "There is a whiteboard with writing on it.",
    ),
    (
        "To the right of the man is a potted plant.",
        "There is a potted plant.",
    ),
    (
        "An older gentleman with gray hair is reading a newspaper.",
        "A person with gray hair is reading a newspaper.",
    ),
    (
        "The person is facing left.",
        "",
    ),
    (
        "A laptop is open on a desk, with a lamp to its right and a mug at the 3 o'clock position.",
        "A laptop is open on a desk, with a lamp and a mug.",
    ),
    (
        "A street with cars parked on both sides and people walking on the sidewalk.",
        "A street with cars parked on both sides and people walking on the sidewalk.",
    ),
    (
        "The man has left the room.",
        "The person has gone from the room.",
    ),
    (
        "A man sitting on a chair with a laptop on his lap.",
        "A person sitting on a chair with a laptop on their lap.",
    ),
    (
        "A close-up of a woman's face with a slight smile.",
        "A person's face.",
    ),
    (
        "The image features a man with short dark hair and a mustache, wearing a white t-shirt.",
        "A person with short dark hair, wearing a white t-shirt.",
    ),
    (
        "Two women and a man are standing together; they are all smiling.",
        "Three people are standing together.",
    ),
    (
        "A kitchen with a stove top oven next to a refrigerator.",
        "A kitchen with a stove top oven. There is a refrigerator.",
    ),
    (
        "A young man, likely in his early 20s, is sitting at a desk in what appears to be an office.",
        "A person is sitting at a desk in what appears to be an office.",
    ),
    (
        "The child is crying and reaching for a toy.",
        "The person is reaching for a toy.",
    ),
    (
        "A mother is holding her baby.",
        "A person is holding another person.",
    ),
    (
        "A police officer is standing next to two motorcycles.",
        "A police officer is standing. There are two motorcycles.",
    ),
    (
        "She is holding a green book in her right hand and pointing at it with her left hand.",
        "They are holding a green book in their hand and pointing at it with their hand.",
    ),
    (
        "A man is looking at a woman who is laughing.",
        "A person is looking at a person.",
    ),
    (
        "The screen displays a video call between two people.",
        "The screen displays a video call. There are two people.",
    ),
    (
        "The image shows a room with a white wall, a door, and a window. There is a bed in the corner of the room.",
        "A room with a white wall, a door, and a window. There is a bed.",
    ),
    (
        "A teenage girl is lying on her bed, using her phone, and she seems to be enjoying the music.",
        "A person is lying on their bed, using their phone.",
    ),
    (
        "The lighting in the room is dim, creating a cozy atmosphere.",
        "The lighting in the room is dim.",
    ),
    (
        "A man in his late fifties or early sixties with a friendly demeanor is wearing a green sweater.",
        "A person is wearing a green sweater.",
    ),
    (
        "A woman walks toward the camera and waves.",
        "A person walks and waves.",
    ),
    (
        "The sky is blue with a few white clouds above a mountain.",
        "The sky is blue with a few white clouds. There is a mountain.",
    ),
    (
        "A boy and girl are sitting under an umbrella.",
        "Two people are sitting. There is an umbrella.",
    ),
    (
        "The man's shirt is blue.",
        "The person's shirt is blue.",
    ),
    (
        "A red car is parked on the left.",
        "A red car is parked.",
    ),
    (
        "A happy birthday cake with candles is on the table.",
        "A birthday cake with candles is on the table.",
    ),
    (
        "A young boy sits between two women on a couch.",
        "A person sits on a couch. There are two people.",
    ),
    (
        "A large clock on the wall shows 3 o'clock.",
        "A large clock on the wall shows 3 o'clock.",
    ),
    (
        "The man is wearing headphones and appears to be focused on his work.",
        "The person is wearing headphones and appears to be focused on their work.",
    ),
    (
        "The image is a photograph of a man in a suit standing at a podium with a microphone in front of him.",
        "A person in a suit standing at a podium with a microphone.",
    ),
    (
        "A man with a sad look on his face is sitting alone.",
        "A person is sitting alone.",
    ),
    (
        "A white cup on the table.",
        "A white cup on the table.",
    ),
    (
        "The door is open.",
        "The door is open.",
    ),
    (
        "Three young men in black suits stand near a car.",
        "Three people in black suits stand. There is a car.",
    ),
    (
        "A waitress serves coffee to a businessman.",
        "A waiter serves coffee to a person.",
    ),
    (
        "A man kneels down beside a bicycle to repair it.",
        "A person kneels down to repair it. There is a bicycle.",
    ),
    (
        "A tall man wearing a hat, a coat, and boots is standing in the snow.",
        "A tall person wearing a hat, a coat, and boots is standing in the snow.",
    ),
    (
        "His hand is on the table and his eyes are closed.",
        "Their hand is on the table and their eyes are closed.",
    ),
]
"""In English."""
TOLD_IN_CHINESE = [
    ("一位年轻女子微笑着坐在桌子旁边。", "有一个人坐着。"),
    ("画面中有一个男人和一个女人坐在沙发上。", "有两个人坐在沙发上。"),
    ("图片显示一名三十多岁的男子正在看手机，他看起来很开心。", "有一个人正在看手机。"),
    ("左边有一个红色的杯子，右边有一台笔记本电脑。", "有一个红色的杯子，有一台笔记本电脑。"),
    ("一只猫躺在沙发上。", "有一只猫躺在沙发上。"),
    ("背景中有一面书架。", "有一面书架。"),
    ("她的手里拿着一本书。", "手里拿着一本书。"),
    ("一位老人和他的妻子在公园里散步。", "有两个人在公园里散步。"),
    ("一个小男孩在地上玩玩具车。", "有一个人在地上玩玩具车。"),
    ("一辆汽车停在房子前面。", "有一辆汽车停着。"),
    ("桌子上有一个瓶子，瓶子在电脑的左侧。", "桌子上有一个瓶子。"),
    ("两名男子站在门口说话，表情严肃。", "有两个人站在门口说话。"),
    ("一群年轻人围着桌子大笑。", "有一群人围着桌子。"),
    ("一个穿着蓝色衬衫的男人坐在电脑前。", "有一个穿着蓝色衬衫的人坐着。"),
    ("他戴着眼镜，面带微笑。", "这个人戴着眼镜。"),
    ("在3点钟方向有一把椅子。", "有一把椅子。"),
    ("整个画面给人一种温馨的氛围。", ""),
    ("一对情侣在海边散步。", "有两个人在海边散步。"),
    ("一个亚洲女性在厨房做饭。", "有一个人在厨房做饭。"),
    ("门是开着的。", "门是开着的。"),
    ("房间里有一张床和一把椅子。", "房间里有一张床和一把椅子。"),
    ("这是一张照片，照片中有三个女孩。", "有三个人。"),
    ("一个人正在使用笔记本电脑，旁边放着一杯咖啡。", "有一个人正在使用笔记本电脑，放着一杯咖啡。"),
    ("墙上写着“男厕所在左边”。", "墙上写着“男厕所在左边”。"),
]
ENGLISH = [caption for caption, _ in TOLD]
